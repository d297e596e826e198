package import CordonScan

/// A responder at the `cordon` command line.
package struct Operator: Sendable {
    private let controller: LabController
    private let home: String

    /// Signs in.
    package init(_ controller: LabController) throws {
        self.controller = controller
        home = try controller.lab.scratch.folder("operator-\(controller.fleet)")
        var login = command([
            "login", controller.url, "--ca-file", controller.authority, "--user", LabController.administrator,
            "--password-stdin",
        ])
        login.input = LabController.password + "\n"
        try login.must()
    }

    /// The command, not run yet.
    package func command(_ words: [String], patience: Duration = .seconds(90)) -> Command {
        controller.lab.command(
            [controller.binaries["cordon"]] + words, in: .controller,
            environment: controller.binaries.environment.merging(["HOME": home]) { $1 }, patience: patience)
    }

    /// Runs a verb and gives what it printed as JSON, an object a line.
    package func look(_ words: String...) throws -> [JSONValue] {
        try Self.objects(command(words + ["--json"]).must())
    }

    /// Runs a verb that may fail; its last object, `null` without one.
    package func attempt(_ words: String...) throws -> (status: Int32, object: JSONValue, complaint: String) {
        let result = try command(words + ["--json"]).run()
        return (result.status, (try? Self.objects(result.output))?.last ?? .null, result.complaint)
    }

    /// Starts a verb that goes on; what it prints is in the log.
    package func start(_ words: String..., log: String) throws -> Daemon {
        let command = command(words)
        return try controller.lab.daemon(
            [controller.binaries["cordon"]] + words, in: .controller, environment: command.environment, log: log)
    }

    /// What a verb prints for people.
    package func text(_ words: String...) throws -> String { try command(words).must() }

    /// The host of a name, if the controller knows it.
    package func host(_ name: String) throws -> JSONValue? { try look("hosts").first { $0["name"]?.text == name } }

    private static func objects(_ text: String) throws -> [JSONValue] {
        try text.split(separator: "\n").map { try JSONValue.parse(String($0), limits: .init(bytes: 8 << 20)) }
    }
}
