internal import ArgumentParser
internal import CordonTesting
internal import Glibc

/// The main job on real input, told as it happens.
@main
struct CordonDemo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon-demo",
        abstract: "Stage a real intrusion in a lab on this machine, and see it found, contained and undone.",
        discussion: """
            Three hosts with real agents, one of them with a real OpenSSH server, an attacker and a controller, all in network \
            namespaces: nothing of this machine's network, users or files is touched, and nothing is left behind.

            EXIT CODES
              0  every proof held
              1  one did not, and it was named; or the lab could not be laid out
              64  usage

            `cordon-demo tour --help` says what --yes and --once do.
            """,
        subcommands: [Tour.self, Connect.self, Hold.self, Serve.self, Syslog.self, Tell.self, Relay.self],
        defaultSubcommand: Tour.self)
}

/// `cordon-demo`: the whole story.
struct Tour: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tour", abstract: "Tell the whole story (what happens when no subcommand is given).")

    @Flag(help: "Say yes to the playbook's question, instead of asking at the terminal.")
    var yes = false
    @Flag(help: "End after the story instead of leaving the lab to look around in.")
    var once = false
    @Option(
        help: ArgumentHelp("Where the programs are; the folder of this one when it is not given.", valueName: "folder"))
    var binDir: String?

    func validate() throws {
        guard yes || isatty(STDIN_FILENO) == 1 else {
            throw ValidationError("There is no terminal to ask at: give --yes to approve without asking.")
        }
    }

    func run() throws {
        let teller = Teller()
        do {
            if let obstacle = Abilities.attackObstacle { throw TestFailure(obstacle) }
            let stage = try Stage(binaries: binDir ?? Binaries.besideThisProcess, teller)
            let story = Story(stage, teller, isAsking: !yes)
            try story.tell()
            teller.end()
            if !once { try LookAround(stage, teller, caseName: story.caseName).wait() }
        } catch let fault as Unproved {
            teller.fault("NOT PROVED", fault.what)
            throw ExitCode(1)
        } catch {
            teller.fault("STOPPED", "\(error)")
            throw ExitCode(1)
        }
    }
}
