internal import CordonScan

/// The workflow as a whole.
extension PlaybookCheck {
    mutating func checkFlow() {
        guard !playbook.steps.isEmpty, playbook.steps.count <= Playbook.Limits.steps else { return }
        checkStart()
        checkCycles()
        checkBranches()
    }

    private mutating func checkStart() {
        if let start = document["workflow_start"]?.text {
            switch playbook.steps[start]?.kind {
            case .start: break
            case nil:
                fault("step.dangling", ["workflow_start"], "There is no step \(start.prefix(80)) in the workflow.")
            default:
                warn(
                    "flow.workflow_start", ["workflow_start"], "workflow_start must name a start step.",
                    preventsStart: true)
            }
        }
        if let exception = playbook.exception, playbook.steps[exception] == nil {
            warn(
                "flow.workflow_exception", ["workflow_exception"],
                "There is no step \(exception.prefix(80)) in the workflow.",
                preventsStart: true)
        }
        if !playbook.steps.values.contains(where: { $0.kind == .end }) {
            warn("flow.no_end", ["workflow"], "The workflow has no end step.")
        }
    }

    /// Depth-first over all edges, without recursion: 5,000 steps in a row must not end the stack.
    private mutating func checkCycles() {
        enum Mark { case open, done }
        var marks: [String: Mark] = [:]
        for root in playbook.steps.keys.sorted() where marks[root] == nil {
            var stack: [(id: String, next: [String])] = [(root, edges(of: root))]
            marks[root] = .open
            while let last = stack.indices.last {
                guard let next = stack[last].next.popLast() else {
                    marks[stack.removeLast().id] = .done
                    continue
                }
                switch marks[next] {
                case .open:
                    warn(
                        "flow.cycle", ["workflow", stack[last].id],
                        "From \(stack[last].id) the flow comes back to \(next): it would never end.",
                        preventsStart: true)
                case .done: break
                case nil:
                    marks[next] = .open
                    stack.append((next, edges(of: next)))
                }
            }
        }
    }

    private func edges(of id: String) -> [String] {
        guard let step = playbook.steps[id] else { return [] }
        return (step.followers + step.branches).filter { playbook.steps[$0] != nil }
    }

    /// Each step belongs to one branch: walks from the start, and says which steps two branches reach and which none
    /// does.
    private mutating func checkBranches() {
        var home: [String: Int] = [:]
        var agenda = [playbook.start, playbook.exception].compactMap(\.self).map { (id: $0, branch: 0) }
        var branches = 0
        var shared: Set<String> = []
        while let (id, branch) = agenda.popLast() {
            guard let step = playbook.steps[id] else { continue }
            if let first = home[id] {
                if first != branch { shared.insert(id) }
                continue
            }
            home[id] = branch
            agenda += step.followers.map { ($0, branch) }
            for inner in step.branches {
                branches += 1
                agenda.append((inner, branches))
            }
        }
        for id in shared.sorted() { warnShared(id) }
        for id in playbook.steps.keys.sorted() where home[id] == nil {
            warn("step.unreachable", ["workflow", id], "No step leads to \(playbook.steps[id]?.title ?? id).")
        }
    }

    private mutating func warnShared(_ id: String) {
        if playbook.steps[id]?.kind == .end {
            warn(
                "flow.shared_end", ["workflow", id], "Two branches share the end step \(id); each should have its own.")
        } else {
            warn(
                "flow.shared", ["workflow", id],
                "Two branches lead to \(playbook.steps[id]?.title ?? id); a step belongs to one.",
                preventsStart: true)
        }
    }
}
