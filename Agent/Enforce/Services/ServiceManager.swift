internal import Glibc

/// The system's systemd, spoken to by systemctl(1) with fixed arguments: as root it needs no bus for that, only
/// `/run/systemd/private`, so that it works before any bus runs; a client of that socket of our own would be a D-Bus
/// implementation more in the process that has the most rights.
struct ServiceManager: Sendable {
    var systemctl = SystemCommand(
        paths: ["/usr/bin/systemctl", "/bin/systemctl"], leading: ["--no-pager", "--no-ask-password", "--no-wall"])

    /// A unit as the manager has it.
    struct Unit: Equatable {
        /// Its own name.
        var id: String
        /// That and its aliases.
        var names: [String]
        /// `loaded`, `masked`, `not-found`, …
        var load: String
        /// `active`, `inactive`, `failed`, …
        var active: String
        /// Made by a program without a file of its own: stopped, it is gone.
        var isTransient: Bool
        /// Made by a generator at every start of the host: no package has its file, but what it stands for, a disk or a
        /// network, the host needs.
        var isGenerated: Bool
        /// Units that stop when it does, or fail without it.
        var dependents: [String]

        /// Whether something of it runs, or listens.
        var isUp: Bool { ["active", "activating", "reloading"].contains(active) }
        var isDown: Bool { active == "inactive" || active == "failed" }
    }

    /// Asking, reloading and starting take the manager less than this, unless it hangs.
    private static let patience = Duration.seconds(20)
    fileprivate static let dependencies = ["BoundBy", "TriggeredBy", "RequiredBy", "RequisiteOf"]
    /// Most units asked about in one call.
    static let most = 200

    /// What the manager says of units, in the order of their names.
    func units(_ names: [String]) throws(EnforceError) -> [Unit] {
        guard !names.isEmpty, names.count <= Self.most else { return [] }
        let wanted = ["Id", "Names", "LoadState", "ActiveState", "Transient", "FragmentPath"] + Self.dependencies
        let answer = try systemctl.run(
            ["show", "--property=\(wanted.joined(separator: ","))", "--"] + names, within: Self.patience)
        guard answer.status == 0 else { throw Self.failed("cannot be asked", answer) }
        return Self.parse(answer.text)
    }

    func unit(_ name: String) throws(EnforceError) -> Unit {
        guard let unit = try units([name]).first else {
            throw EnforceError("service.unreadable", "What systemd says of \(name) cannot be read.")
        }
        return unit
    }

    /// Blocks of `KEY=VALUE` lines, an empty line between two. What lacks a name is left out.
    static func parse(_ text: String) -> [Unit] {
        var units: [Unit] = []
        var values: [Substring: Substring] = [:]
        let lines: [Substring] = text.split(separator: "\n", omittingEmptySubsequences: false) + [""]
        for line in lines {
            if let equals = line.firstIndex(of: "=") {
                values[line[..<equals]] = line[line.index(after: equals)...]
            } else if line.isEmpty {
                if let unit = Unit(values) { units.append(unit) }
                values = [:]
            }
        }
        return units
    }

    /// Has it read all units anew.
    func reload() throws(EnforceError) {
        let answer = try systemctl.run(["daemon-reload"], within: Self.patience)
        guard answer.status == 0 else { throw Self.failed("cannot read its units anew", answer) }
    }

    /// Stops a unit and nothing that merely needs it, and waits so long at most. What became of it, its state tells.
    func stop(_ unit: String, within time: Duration) throws(EnforceError) {
        try change(["stop", "--job-mode=ignore-dependencies", "--", unit], within: time)
    }

    /// Starts units, and waits so long at most. What became of them, their states tell.
    func start(_ units: [String], within time: Duration) throws(EnforceError) {
        guard !units.isEmpty else { return }
        // One that was refused its partner while that was masked has failed, and may have used up its starts.
        try forgetFailures(units)
        try change(["start", "--"] + units, within: time)
    }

    /// Has a unit started, and waits for none of it. Nothing is changed where it is starting or up.
    func startBeside(_ unit: String) throws(EnforceError) {
        let answer = try systemctl.run(["start", "--no-block", "--", unit], within: Self.patience)
        guard answer.status == 0 else { throw Self.failed("does not start \(unit)", answer) }
    }

    /// Restarts a unit, and waits for that.
    func restart(_ unit: String, within time: Duration) throws(EnforceError) {
        try change(["restart", "--", unit], within: time)
    }

    /// How the processes of a service go.
    struct Run: Equatable {
        /// `active`, `activating`, `failed`, …
        var active: String
        /// Number of its first process; 0 for none.
        var process: Int
        /// How often it was started again by itself.
        var restarts: Int
    }

    func run(of service: String) throws(EnforceError) -> Run {
        let answer = try systemctl.run(
            ["show", "--property=ActiveState,MainPID,NRestarts", "--", service], within: Self.patience)
        guard answer.status == 0 else { throw Self.failed("cannot be asked", answer) }
        var run = Run(active: "", process: 0, restarts: 0)
        for line in answer.text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "ActiveState": run.active = String(parts[1])
            case "MainPID": run.process = Int(parts[1]) ?? 0
            case "NRestarts": run.restarts = Int(parts[1]) ?? 0
            default: break
            }
        }
        return run
    }

    /// Has it forget that units failed.
    func forgetFailures(_ units: [String]) throws(EnforceError) {
        try change(["reset-failed", "--"] + units, within: Self.patience)
    }

    private func change(_ arguments: [String], within time: Duration) throws(EnforceError) {
        do { _ = try systemctl.run(arguments, within: time) } catch {
            // The manager goes on with it.
            guard error.code == "command.slow" else { throw error }
        }
    }

    private static func failed(_ what: String, _ answer: SystemCommand.Answer) -> EnforceError {
        let said = answer.text.split(separator: "\n").first.map { String($0.prefix(300)) } ?? "status \(answer.status)"
        return EnforceError("service.manager", "systemd \(what): \(said)")
    }
}

extension ServiceManager.Unit {
    fileprivate init?(_ values: [Substring: Substring]) {
        guard let id = values["Id"], let load = values["LoadState"], let active = values["ActiveState"] else {
            return nil
        }
        func list(_ key: String) -> [String] { (values[key[...]] ?? "").split(separator: " ").map(String.init) }
        // A target is a stage of starting; what it requires is judged by itself.
        let dependents = ServiceManager.dependencies.flatMap(list).filter { !$0.hasSuffix(".target") }
        self.init(
            id: String(id), names: list("Names"), load: String(load), active: String(active),
            isTransient: values["Transient"] == "yes",
            isGenerated: (values["FragmentPath"] ?? "").hasPrefix("/run/systemd/generator"),
            dependents: Array(Set(dependents)).sorted())
    }
}
