internal import ArgumentParser
internal import Glibc

/// The responders' command line. It knows the REST API and nothing of the controller's insides.
struct Cordon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon",
        abstract: "See, decide and contain, from a terminal.",
        discussion: """
            Sign in once with `cordon login https://controller:8443 --fingerprint HEX`; `cordon-controller init` printed the \
            fingerprint. Verbs that answer take --json (one object a line), all take -h.

            EXIT CODES
              0  done; the order was carried out and proved, the playbook is valid, the chain is intact
              1  refused or failed; the message says by whom and why
              2  usage, or a file that cannot be read
              3  not signed in, or the session has ended
              4  the controller cannot be reached, or is not the one that was pinned
              5  there is no such host, case, order, …

            ENVIRONMENT
              CORDON_URL, CORDON_TOKEN, CORDON_CA (a PEM file) override what `cordon login` stored.
              NO_COLOR turns colours off.

            EXAMPLES
              cordon cases --watch
              cordon isolate web-1 --for 4h --reason 'case C-7' --wait
              cordon search 'user.name:root' --last 24h --json | jq -r '.host'
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Signing in", subcommands: [Login.self, Logout.self, WhoAmI.self]),
            CommandGroup(
                name: "Looking",
                subcommands: [
                    Hosts.self, HostVerb.self, Alerts.self, AlertVerb.self, Search.self, HuntVerb.self, Orders.self,
                    OrderVerb.self, EvidenceVerb.self,
                ]
            ),
            CommandGroup(
                name: "Working", subcommands: [Cases.self, CaseVerb.self, Tasks.self, Approve.self, Deny.self]),
            CommandGroup(
                name: "Containing",
                subcommands: [
                    Isolate.self, Release.self, Kill.self, Block.self, Unblock.self, Act.self, Undo.self,
                    StandingVerb.self,
                    ActionsVerb.self,
                ]
            ),
            CommandGroup(
                name: "Running",
                subcommands: [
                    PlaybookVerb.self, SigmaVerb.self, RulesVerb.self, GroupsVerb.self, AuditVerb.self,
                    UpgradeVerb.self,
                    TokenVerb.self,
                    UserVerb.self, KeyVerb.self,
                    APITokenVerb.self,
                ]
            ),
        ]
    )
}

@main
enum Main {
    static func main() async {
        // A closed pipe (`cordon hosts | head -1`) is an ordinary end, not a crash.
        _ = signal(SIGPIPE, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        if let page = ActionPage.asked(by: words) { return page.forEach { Terminal.print($0) } }
        do {
            // The parser looks at all words again for each of them: 20,000 took it a minute.
            guard CommandLine.arguments.count <= 4000 else {
                throw Complaint(
                    .usage, "These are \(CommandLine.arguments.count) words, at most 4000 are read.",
                    "Give long lists in files: `cordon groups set NAME --list FILE`.")
            }
            try UnknownVerb.check(words)
            var command = try Cordon.parseAsRoot()
            if var verb = command as? any AsyncParsableCommand { try await verb.run() } else { try command.run() }
        } catch let complaint as Complaint {
            Terminal.complain(complaint.description)
            exit(complaint.exit.rawValue)
        } catch {
            let code = Cordon.exitCode(for: error)
            if code.isSuccess { Cordon.exit(withError: error) }
            Terminal.complain(Cordon.fullMessage(for: error))
            exit(code == .validationFailure ? Exit.usage.rawValue : Exit.failed.rawValue)
        }
    }
}
