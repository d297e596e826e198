internal import Glibc

/// The programs of this build, as the lab's users may run them.
package struct Binaries: Sendable {
    /// The folder that they were found in.
    package let folder: String
    private let stage: String

    /// The programs that a lab needs.
    package static let names = ["cordon-agent", "cordon-enforcer", "cordon-controller", "cordon", "cordon-demo"]

    /// What every start of one of them needs in its environment.
    package let environment: [String: String]

    /// Mounts them into the lab at a place that every user can reach: a build folder often lies in somebody's home.
    package init(in folder: String, for lab: Lab) throws {
        for name in Self.names where unsafe access("\(folder)/\(name)", X_OK) != 0 {
            throw TestFailure("\(folder)/\(name) is missing: build the package first, or name another folder")
        }
        self.folder = folder
        stage = try lab.scratch.folder("bin")
        let libraries = try lab.scratch.folder("lib")
        for name in Self.names {
            try lab.scratch.file("bin/\(name)", "", mode: 0o755)
            try lab.command(["mount", "--bind", "\(folder)/\(name)", "\(stage)/\(name)"]).must()
        }
        guard let runtime = try Self.runtime(of: "\(folder)/cordon-agent") else {
            environment = [:]
            return
        }
        try lab.command(["mount", "--bind", runtime, libraries]).must()
        environment = ["LD_LIBRARY_PATH": libraries]
    }

    /// Where a program of the product is.
    package subscript(name: String) -> String { "\(stage)/\(name)" }

    /// The folder of the Swift runtime that a program is linked with; `nil` for one that has it within.
    private static func runtime(of program: String) throws -> String? {
        let lines = try Command(["ldd", program]).run().output.split(separator: "\n")
        guard let line = lines.first(where: { $0.contains("libswiftCore.so") }) else { return nil }
        guard let path = line.split(separator: " ").first(where: { $0.hasPrefix("/") }) else { return nil }
        return "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// The build folder of a test process: that of its bundle, or of the program itself.
    package static var besideThisProcess: String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        if let bundle { return folder(of: bundle) }
        guard let resolved = unsafe realpath("/proc/self/exe", nil) else { return "." }
        defer { unsafe free(resolved) }
        return folder(of: unsafe String(cString: resolved))
    }

    private static func folder(of path: String) -> String {
        guard let resolved = unsafe realpath(path, nil) else { return "." }
        defer { unsafe free(resolved) }
        return "/" + (unsafe String(cString: resolved)).split(separator: "/").dropLast().joined(separator: "/")
    }
}
