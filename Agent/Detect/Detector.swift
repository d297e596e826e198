package import CordonModel
internal import Synchronization

/// All edge rules together, for whoever collects. Rules keep their state in memory: what happened before a restart is
/// not counted.
package final class Detector: Sendable {
    private let ssh: Mutex<SSHRules>

    package init(ssh settings: SSHRules.Settings = .init(), surroundings: Surroundings) {
        ssh = Mutex(SSHRules(settings: settings, surroundings: surroundings))
    }

    /// The alerts that one more event raises.
    package func inspect(_ event: Event) -> [Alert] { ssh.withLock { $0.inspect(event) } }
}
