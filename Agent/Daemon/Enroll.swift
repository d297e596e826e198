internal import AgentUplink
internal import ArgumentParser
internal import CLinux
internal import CordonModel
internal import CordonSignals
internal import CordonTrust
internal import Glibc

/// `cordon-agent enroll`: makes this host part of a fleet.
struct Enroll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make this host part of a fleet, with a token.",
        discussion: """
            The token comes from --token-file, from the environment variable CORDON_TOKEN, or from standard input; never \
            from the command line, where every user of the host could read it. Run it as root: it also writes identity.toml \
            and policy-root.pub, which tell cordon-enforcer whose orders to carry out.

            EXAMPLES
              cordon-agent enroll --token-file token
            """)

    @OptionGroup var settingsOption: SettingsOption

    @Option(help: "A file that holds the token; - is standard input.")
    var tokenFile: String?

    @Option(
        help: "Where the controller is, as HOST:PORT, if not where the token says.",
        transform: Enroll.address)
    var controller: ControllerAddress?

    @Option(
        help: "What the token must name as the fleet's authority: its fingerprint, 64 hexadecimal characters.",
        transform: Enroll.fingerprint)
    var fingerprint: Fingerprint?

    @Option(name: .customLong("etc"), help: "The folder for the enforcer's files.")
    var systemFolder = "/etc/cordon"

    @Flag(help: "Replace the identity that this host has.")
    var force = false

    /// Taken so that it is refused without being repeated: a message about it would hold the token.
    @Argument(help: .hidden)
    var onCommandLine: [String] = []

    func validate() throws {
        guard onCommandLine.isEmpty else {
            throw ValidationError(
                "A token is not given on the command line, where every user of the host could read it. Withdraw that one, and give another by --token-file, CORDON_TOKEN or standard input."
            )
        }
    }

    func run() async throws {
        clinux_ignore_sigpipe()
        do {
            let settings = try AgentSettings.load(settingsOption.path, required: settingsOption.isNamed)
            try KeyFile.makeFolder(settings.state)
            let token = try TokenSource(file: tokenFile).token()
            if let fingerprint, token.authority != fingerprint { throw Self.anotherAuthority(token.authority) }
            var uplink = try settings.uplink()
            if let controller { uplink.controller = controller }
            let enrolment = Enrolment(uplink, systemFolder: systemFolder, surroundings: .live)
            let credentials = try await enrolment.enrol(with: token, isForced: force)
            let identity = credentials.identity
            print(
                "Enrolled as agent \(identity.agent) of the fleet \(identity.fleet); the certificate lasts until \(identity.notAfter)."
            )
            print("Start cordon-enforcer and cordon-agent now; both read this at once.")
        } catch {
            print("cordon-agent: \(error)", to: &standardError)
            throw ExitCode(1)
        }
    }

    @Sendable private static func address(_ text: String) throws -> ControllerAddress {
        guard let address = ControllerAddress(text) else {
            throw ValidationError("It must be HOST:PORT, as controller.example:7443.")
        }
        return address
    }

    /// Colons between the bytes, as some tools print them, are left out.
    @Sendable private static func fingerprint(_ text: String) throws -> Fingerprint {
        guard let fingerprint = Fingerprint(text.lowercased().filter { $0 != ":" }) else {
            throw ValidationError("It must be 64 hexadecimal characters, as `cordon-controller init` prints them.")
        }
        return fingerprint
    }

    private static func anotherAuthority(_ named: Fingerprint) -> AgentError {
        AgentError(
            code: "enrol.another_authority",
            message: "The token is of another fleet than expected: it names the authority \(named).",
            remedy: "Make a token at the right controller, or correct the fingerprint that is expected.")
    }
}

/// Where the token comes from.
struct TokenSource {
    var file: String?

    /// Reads it. No error repeats any of the text.
    func token() throws -> EnrolmentToken {
        if let file, file != "-" {
            return try EnrolmentToken(text: String(decoding: try KeyFile.read(file, secret: false), as: UTF8.self))
        }
        if file == nil, let text = unsafe getenv("CORDON_TOKEN").map({ unsafe String(cString: $0) }) {
            // Children must not inherit it.
            unsafe unsetenv("CORDON_TOKEN")
            return try EnrolmentToken(text: text)
        }
        if isatty(STDIN_FILENO) == 1 { print("Token: ", terminator: "", to: &standardError) }
        return try EnrolmentToken(text: readLine() ?? "")
    }
}

/// Standard error, for `print(_:to:)`.
struct StandardError: TextOutputStream {
    mutating func write(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// A new one: writing to it has no state.
var standardError: StandardError {
    get { StandardError() }
    set {}
}
