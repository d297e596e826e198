/// Matches events against an engine's rules, one after the other. A value of its own for every thread.
package struct SigmaMatcher: Sendable {
    package let engine: SigmaEngine
    /// `false`: every rule applies to every event, whatever their log sources.
    package let isRouting: Bool
    private var workspaces: [Workspace] = []
    private var routes: [[LogSource]: Int] = [:]
    /// What the last event was, since the next is often the same.
    private var recent: (logSources: [LogSource], workspace: Int)?

    /// Kinds of event that are remembered.
    private static let kept = 128

    package init(_ engine: SigmaEngine, isRouting: Bool = true) {
        (self.engine, self.isRouting) = (engine, isRouting)
    }

    /// The rules that hold, in the order in which the engine was given them.
    package mutating func matches(_ record: borrowing SigmaRecord) -> [SigmaMatch] {
        places(record).map { SigmaMatch(engine.rules[$0], at: $0) }
    }

    /// The rules that hold of one event, in whichever of its views; each once, with the first view of which it holds. Who
    /// matches events goes through here: agent, trials and command line find the same of the same event.
    package mutating func matches(inViews views: [SigmaRecord]) -> [(match: SigmaMatch, view: SigmaRecord)] {
        var found: [(match: SigmaMatch, view: SigmaRecord)] = []
        for view in views {
            for match in matches(view) where !found.contains(where: { $0.match.rule == match.rule }) {
                found.append((match, view))
            }
        }
        return found
    }

    /// The same, as places among the engine's rules.
    package mutating func places(_ record: borrowing SigmaRecord) -> [Int] {
        workspaces[workspace(record.logSources)].matches(record)
    }

    private mutating func workspace(_ logSources: [LogSource]) -> Int {
        if let recent, !isRouting || recent.logSources == logSources { return recent.workspace }
        let found = routes[logSources] ?? make(logSources)
        recent = (logSources, found)
        return found
    }

    private mutating func make(_ logSources: [LogSource]) -> Int {
        if workspaces.count >= Self.kept {
            workspaces.removeAll()
            routes.removeAll()
        }
        let places = engine.places(for: isRouting ? logSources : nil)
        // The engine has seen to it that no index is too large.
        let index = (try? engine.index(places)) ?? .empty
        workspaces.append(Workspace(index))
        routes[logSources] = workspaces.count - 1
        return workspaces.count - 1
    }
}

extension RuleIndex {
    fileprivate static var empty: RuleIndex {
        let nothing = Lane(automaton: nil, targets: Rows([]), longest: 0)
        return RuleIndex(
            slots: SlotTable([]), lanes: [], keywords: nothing, atoms: [], areHinted: [], nodes: [], rules: [],
            watchers: Rows([]),
            unwitnessed: [])
    }
}
