internal import CordonModel

/// Which process is meant: the number, and what tells it from a later process with the same number.
package struct ProcessTarget: Sendable, Hashable {
    /// Above 1.
    package var pid: Int32
    /// Field 22 of `/proc/PID/stat`: clock ticks after boot.
    package var startTime: UInt64
    /// The target of `/proc/PID/exe`, checked after the pidfd is open; `nil` where nobody could read it: number and start
    /// time alone name one process for ever in this boot.
    package var executable: String?
    package var scope: Scope

    package enum Scope: String, Sendable, Hashable, CaseIterable {
        /// The process alone.
        case process
        /// The process and all its descendants.
        case tree
        /// Every process of its cgroup.
        case cgroup
    }

    package init(pid: Int32, startTime: UInt64, executable: String?, scope: Scope) {
        self.pid = pid
        self.startTime = startTime
        self.executable = executable
        self.scope = scope
    }

    init(_ given: GivenParameters) throws(ActionError) {
        pid = Int32(clamping: try given.number("pid"))
        startTime = UInt64(clamping: try given.number("start_time"))
        executable = given.optionalText("executable")
        scope = try given.choice("scope", of: Scope.self, default: .process)
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = [
            "pid": .number(Int64(pid)), "start_time": .number(Int64(clamping: startTime)),
            "scope": .text(scope.rawValue),
        ]
        if let executable { parameters["executable"] = .text(executable) }
        return parameters
    }
}

/// Parameters of `freeze_process`: stop what the target means, so that it can go on.
package struct ProcessFreezing: Sendable, Hashable {
    package var target: ProcessTarget
    /// How long; the host thaws it by itself afterwards. Whole seconds, at least one.
    package var duration: Duration

    package init(target: ProcessTarget, duration: Duration) {
        self.target = target
        self.duration = duration
    }

    init(_ given: GivenParameters) throws(ActionError) {
        target = try ProcessTarget(given)
        duration = try given.seconds("duration_s")
    }

    var parameters: [String: FieldValue] {
        target.parameters.merging(["duration_s": .number(duration.wholeSeconds)]) { first, _ in first }
    }
}

extension CatalogueEntry {
    /// The kernel's highest number of a process is 2²² (PID_MAX_LIMIT).
    static let oneProcess: [Parameter] = [
        .required("pid", .number(2...4_194_304), "The process's number.", example: "4242"),
        .required(
            "start_time", .number(0...Int64.max), "Field 22 of /proc/PID/stat: tells it from a later process.",
            example: "813377"),
        .optional(
            "executable", .path,
            "The target of /proc/PID/exe, where it is known: a process that runs another by now is left alone, not one "
                + "whose file was deleted or renamed."),
    ]

    private static let process: [Parameter] =
        oneProcess + [
            .optional(
                "scope", .choice(ProcessTarget.Scope.allCases.map(\.rawValue)),
                "The process alone, it and its descendants, or its control group. A descendant whose parent has ended is known by "
                    + "its session, where the process or a descendant that is found leads that; one that has begun a session "
                    + "of its own (a daemon) by the control group alone.",
                usual: ProcessTarget.Scope.process.rawValue)
        ]

    static let killProcess = CatalogueEntry(
        kind: .killProcess, capability: .processes, parameters: process,
        precondition: "The process runs, with that start time, and executable where it is given.",
        effect: "SIGKILL through a pidfd; descendants are stopped and looked for again until none is left.",
        proof: "Each process is named; probe: process_gone.", openC2: "stop process")

    static let freezeProcess = CatalogueEntry(
        kind: .freezeProcess, capability: .processes, parameters: process + [.duration],
        precondition: "The process runs, with that start time, and executable where it is given.",
        effect:
            "It stands still and keeps its memory: by SIGSTOP, or by cgroup.freeze for a control group. What somebody "
            + "else lets go on is stopped again.",
        proof: "Each process is named; probe: process_frozen.", openC2: "contain process")

    static let thawProcess = CatalogueEntry(
        kind: .thawProcess, capability: .processes, parameters: [.undone], precondition: "",
        effect: "What that order froze goes on; what had been stopped before stays stopped.",
        proof: "Probe: process_thawed.", openC2: "allow x-cordon:order")
}
