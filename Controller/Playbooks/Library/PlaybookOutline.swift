internal import CordonModel

/// A playbook told as text, for `cordon playbook show`.
package struct PlaybookOutline {
    private let playbook: Playbook
    private var lines: [String] = []
    private var told: Set<String> = []

    /// An indented tree, a line a step. Text of the playbook stands in it as it is: escape it for a terminal.
    package static func text(_ playbook: Playbook) -> String {
        var outline = PlaybookOutline(playbook)
        outline.tell()
        return outline.lines.joined(separator: "\n")
    }

    private init(_ playbook: Playbook) { self.playbook = playbook }

    private mutating func tell() {
        lines.append(playbook.name)
        if !playbook.description.isEmpty { lines.append(playbook.description) }
        for (name, variable) in playbook.variables.sorted(by: { $0.key < $1.key }) where variable.isExternal {
            lines.append(
                "needs \(name) (\(variable.type.rawValue))\(variable.description.isEmpty ? "" : ": \(variable.description)")"
            )
        }
        tell(playbook.start, 0)
        if let exception = playbook.exception {
            lines.append("when nothing else takes care of a failure:")
            tell(exception, 1)
        }
    }

    /// Tells a step, what is inside it, and what follows it.
    private mutating func tell(_ start: String, _ level: Int) {
        var next: String? = start
        while let id = next {
            next = nil
            guard let step = playbook.steps[id] else { return add(level, "→ \(id), which does not exist") }
            guard told.insert(id).inserted else { return add(level, "→ \(step.name)") }
            // Deeper than anybody reads; and the stack has an end.
            guard level < 100 else { return add(level, "…") }
            add(level, describe(step))
            tellBranches(step, level)
            if let failure = step.onFailure, failure != step.afterSuccess {
                add(level, "  on failure:")
                tell(failure, level + 2)
            }
            next = step.afterSuccess
        }
    }

    private mutating func tellBranches(_ step: Step, _ level: Int) {
        switch step.kind {
        case .ifCondition, .whileCondition:
            if let id = step.onTrue {
                add(level, "  then:")
                tell(id, level + 2)
            }
            if let id = step.onFalse {
                add(level, "  else:")
                tell(id, level + 2)
            }
        case .parallel:
            for id in step.nextSteps {
                add(level, "  at once:")
                tell(id, level + 2)
            }
        case .switchCondition:
            for (value, id) in step.cases {
                add(level, "  \(value):")
                tell(id, level + 2)
            }
        case .start, .end, .action, .playbookAction, .unknown: break
        }
    }

    private func describe(_ step: Step) -> String {
        switch step.kind {
        case .start: "start"
        case .end: "end: \(step.name)"
        case .ifCondition: "if \(step.condition): \(step.name)"
        case .whileCondition: "while \(step.condition): \(step.name)"
        case .action: "\(step.name) [\(step.commands.map { describe($0, step) }.joined(separator: ", "))]"
        default: "\(step.kind.rawValue): \(step.name)"
        }
    }

    private func describe(_ command: Command, _ step: Step) -> String {
        guard command.offered == .manual else { return command.type }
        let settings = step.settings
        let who = settings.assignee ?? settings.role.rawValue
        let minutes = settings.due.components.seconds / 60
        return "\(settings.kind.rawValue) by \(who) within \(minutes) min, else \(settings.onTimeout.rawValue)"
    }

    private mutating func add(_ level: Int, _ text: String) {
        lines.append(String(repeating: "  ", count: level) + text)
    }
}
