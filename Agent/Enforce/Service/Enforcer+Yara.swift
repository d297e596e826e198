internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// Rules of YARA on files and memory.
extension Enforcer {
    func scan(
        _ wanted: YaraScan, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let draft = try draft(order.id, need: 1 << 16, atMost: YaraScan.mostBytes, policy)
        let table = TriageTable(
            "yara", cutAt: clock.now(), most: max(0, Int(clamping: draft.left) - 2 * TriageTable.mostNotes),
            until: ContinuousClock.now + wanted.patience)
        let look = YaraLook(wanted, policy, program: configuration.yaraProgram, into: table)
        switch wanted.place {
        case .tree(let path): try look.tree(path)
        case .memory(let target):
            let held = try ProcessKill(policy: policy, agentUser: configuration.agentUser).open(target)
            try policy.checkMemory(of: held.process, agentUser: configuration.agentUser)
            try look.memory(of: held.process)
        }
        var head = table.head.object ?? JSONObject()
        head["summary"] = .text(look.summary)
        head["rules"] = .text(wanted.ruleWords)
        try draft.append((JSONValue.object(head).bytes() + [0x0A])[...])
        try draft.append(table.bytes[...])
        let evidence = try draft.finish(name: "yara.ndjson")
        let short = table.stopped.map { "; it is not whole: \($0.rawValue)" } ?? ""
        return Self.brought(
            evidence, ["\(table.rows) matches: \(look.summary)\(short)"] + table.notes.prefix(20),
            "\(table.rows) matches: \(look.summary)\(short).", begun)
    }
}
