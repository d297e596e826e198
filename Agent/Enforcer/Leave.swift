internal import AgentEnforce
internal import ArgumentParser
internal import CordonModel
internal import CordonWire
internal import Glibc

/// `cordon-enforcer leave`: what the package asks before it is removed, and does once the daemon is stopped.
struct Leave: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take what is in force out of the kernel before the package is removed; refused while isolated.",
        discussion: """
            While the daemon runs, this only says whether the host may be left. Once it is stopped, the blocks that it put \
            in force end too, processes that it froze go on, and accounts that it locked are unlocked. An isolation is never ended by this: use `cordon-enforcer release`.

            EXAMPLES
              cordon-enforcer leave --check
            """)

    @OptionGroup var settingsOption: SettingsOption
    @Flag(help: "Only say whether the host may be left.") var check = false

    func run() throws {
        // Settings that are not valid any more must not keep a package from being removed.
        let settings =
            (try? EnforcerSettings.load(settingsOption.path, required: settingsOption.isNamed)) ?? EnforcerSettings()
        if let answer = try Self.answerOfDaemon(at: settings.socket) { return print(answer) }
        do {
            let folder = settings.stateDirectory
            if unsafe access(folder, F_OK) == 0 { try StateLock.take(folder) }
            print(
                try check
                    ? Departure.check(stateFolder: folder)
                    : Departure.leave(stateFolder: folder, accounts: settings.accounts))
        } catch {
            throw Complaint(error)
        }
    }

    /// What the running daemon says; `nil` where none runs.
    private static func answerOfDaemon(at socket: String) throws -> String? {
        let question = Cordon_V1_StatusRequest()
        guard let response = try LocalClient(socket: socket).askIfRunning({ $0.status = question }) else { return nil }
        let state = response.status.containment.model()
        if let until = state.isolatedUntil { throw Complaint(Departure.refusal(until: until)) }
        let blocks = Int(response.status.containment.blockCount) + state.blockEffects.count
        return "This host is not isolated; \(blocks) blocks are in force."
    }
}
