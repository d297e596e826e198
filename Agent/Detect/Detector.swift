package import CordonModel
internal import Synchronization

/// All edge rules together, for whoever collects: the two built-in ones on SSH logons, and the Sigma rules that the
/// controller has staged to this host. Rules keep their state in memory: what happened before a restart is not counted.
package final class Detector: Sendable {
    private let ssh: Mutex<SSHRules>
    private let sigma: Mutex<SigmaRules?>
    private let surroundings: Surroundings

    package init(ssh settings: SSHRules.Settings = .init(), surroundings: Surroundings) {
        ssh = Mutex(SSHRules(settings: settings, surroundings: surroundings))
        sigma = Mutex(nil)
        self.surroundings = surroundings
    }

    /// Replaces the Sigma rules, all or none.
    /// - Parameter pack: A compiled `RulePack`; `nil` for no rules.
    /// - Throws: `SigmaError` when the pack is bad in any way; the rules before stay.
    package func install(_ pack: [UInt8]?) throws {
        let rules = try pack.map { try SigmaRules(pack: $0, surroundings: surroundings) }
        sigma.withLock { $0 = rules }
    }

    /// The alerts that one more event raises.
    package func inspect(_ event: Event) -> [Alert] {
        ssh.withLock { $0.inspect(event) } + sigma.withLock { $0?.inspect(event) ?? [] }
    }
}
