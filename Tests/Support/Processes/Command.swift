/// A program run to its end, with a limit on its time and on what it may print. No shell.
package struct Command: Sendable {
    /// The program and its arguments.
    package var arguments: [String]
    /// Over the few variables that every command gets; nothing else is inherited.
    package var environment: [String: String]
    package var input: String
    package var patience: Duration

    /// Where programs are looked for.
    package static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// Bytes of output kept of each stream.
    static let limit = 4 << 20

    package init(
        _ arguments: [String], environment: [String: String] = [:], input: String = "",
        patience: Duration = .seconds(30)
    ) {
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.patience = patience
    }

    /// How it ended.
    package struct Result: Sendable {
        /// The exit status; 128 and the signal for a death by signal.
        package let status: Int32
        package let output: String
        package let errors: String

        /// The last line that it printed.
        package var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }
        /// What it complained of, or else printed.
        package var complaint: String { errors.isEmpty ? output : errors }
    }

    /// Runs it. Throws when it cannot be started or takes too long; it is killed then.
    package func run() throws -> Result {
        let child = try Child(arguments, environment: environment, streams: .pipes)
        return try child.finish(input: Array(input.utf8), patience: patience)
    }

    /// Runs it and gives what it printed; throws when it fails.
    @discardableResult
    package func must() throws -> String {
        let result = try run()
        guard result.status == 0 else {
            throw TestFailure("`\(arguments.joined(separator: " "))` ended with \(result.status): \(result.complaint)")
        }
        return result.output
    }
}
