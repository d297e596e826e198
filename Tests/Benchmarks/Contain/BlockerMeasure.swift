internal import CordonModel
internal import CordonTesting
internal import Glibc

/// Blocks in bulk, then one more: seconds and milliseconds until packets say so.
struct BulkRow {
    var sut: String
    var blocks: Int
    /// Seconds until a packet of each was dropped; `nil` when patience ended first.
    var all: Double?
    /// How many were in force at the end.
    var inForce: Int
    /// Milliseconds, the median; empty when it was not tried.
    var oneMore: [Double] = []
    var memory: Int
    var note: String

    var json: String {
        let one = oneMore.isEmpty ? "null" : "\(Self.rounded(Row.quantile(oneMore, 0.5)))"
        return """
            {"sut":"\(sut)","blocks":\(blocks),"blocks_s":\(all.map { "\(Self.rounded($0))" } ?? "null"),\
            "in_force":\(inForce),"one_more_ms":\(one),"rss_anon_kb":\(memory),"note":"\(note)"}
            """
    }

    var words: [String] {
        [
            sut, "\(blocks)", all.map { "\(Self.rounded($0)) s" } ?? "gave up at \(inForce)",
            oneMore.isEmpty ? "–" : "\(Self.rounded(Row.quantile(oneMore, 0.5))) ms", "\(memory)", note,
        ]
    }

    static let heads = ["sut", "blocks", "in force after", "one more", "rss_anon_kb", "note"]

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}

/// Whether a way is closed, as packets say.
struct ProbeRow {
    var sut: String
    var answers: [(probe: String, holds: Bool)]

    var json: String {
        "{\"sut\":\"\(sut)\",\"probes\":{" + answers.map { "\"\($0.probe)\":\($0.holds)" }.joined(separator: ",") + "}}"
    }

    var words: [String] { [sut] + answers.map { $0.holds ? "yes" : "NO" } }
}

/// Measures one blocker on the ground.
struct BlockerMeasure {
    let ground: Ground
    let folder: String
    /// Seconds that a bulk may take.
    let patience: Int

    /// An address that no bulk has.
    private static let single = "203.0.113.7"

    func bulk(_ blocker: any Blocker, _ count: Int) throws -> BulkRow {
        try blocker.start()
        defer { blocker.kill() }
        let networks = (0..<count).map { number in
            IPAddress.v4(0x0B00_0000 + UInt32(truncatingIfNeeded: number) * 7).description
        }
        try Ground.write(networks.joined(separator: "\n") + "\n", to: "\(folder)/networks")
        let start = ContinuousClock.now
        var trouble = ""
        do {
            try blocker.block(networks, seconds: 3600, patience: patience)
        } catch { trouble = "; \(error)".replacing("\"", with: "'") }
        // A sample is quick; what it says is made sure of by all of them, which does not count.
        var all: Double?
        var inForce = 0
        repeat {
            let asked = start.elapsed / 1000
            guard try counted(every: max(1, count / 100)) == nil else {
                usleep(20_000)
                continue
            }
            if try counted(every: 1) == nil { all = asked }
        } while all == nil && start.elapsed < Double(patience) * 1000
        if all == nil { inForce = try counted(every: 1) ?? count } else { inForce = count }
        var row = BulkRow(
            sut: blocker.name, blocks: count, all: all, inForce: inForce, memory: blocker.memory, note: blocker.note)
        guard all != nil else {
            row.note += "; gave up after \(patience) s at \(inForce) blocks\(trouble)"
            return row
        }
        for number in 100..<110 {
            let address = "203.0.113.\(number)"
            let blocking = try blocker.readied(address, seconds: 3600)
            guard let took = try ground.untilBlocked(address, within: patience, blocking) else { return row }
            row.oneMore.append(took)
        }
        return row
    }

    /// How many of every so-manieth are blocked; `nil` when all are.
    private func counted(every: Int) throws -> Int? {
        let words = try ground.ask("count \(folder)/networks \(every)", within: .seconds(120)).split(separator: " ")
        guard words.count == 2, let blocked = Int(words[0]), let asked = Int(words[1]) else {
            throw TestFailure("The ground did not count.")
        }
        return blocked == asked ? nil : blocked
    }

    /// What holds when an address, and a network, are blocked.
    func probes(_ blocker: any Blocker) throws -> ProbeRow {
        var row = ProbeRow(sut: blocker.name, answers: [])
        func note(_ probe: String, _ words: String) throws {
            row.answers.append((probe, try ground.ask(words) == "true"))
        }
        try blocker.start()
        defer { blocker.kill() }
        guard try ground.ask("hold \(Self.single)") == "true" else { throw TestFailure("No connection was made.") }
        try blocker.block([Self.single], seconds: 3600)
        row.answers.append(("address", try ground.becomes(Self.single, blocked: true, within: 20)))
        try note("established_out", "held-out")
        try note("established_in", "held-in")
        try note("egress", "out \(Self.single)")
        try note("forwarded", "forwarded \(Self.single)")
        try? blocker.block(["2001:db8:7::7"], seconds: 3600)
        row.answers.append(("v6", try ground.becomes("2001:db8:7::7", blocked: true, within: 5)))
        try? blocker.block(["198.51.100.0/24"], seconds: 3600)
        row.answers.append(("cidr", try ground.becomes("198.51.100.77", blocked: true, within: 5)))
        Shell.run("nft flush ruleset")
        row.answers.append(("after_flush", try ground.becomes(Self.single, blocked: true, within: 15)))
        blocker.kill()
        row.answers += try life(blocker)
        return row
    }

    /// A block of eight seconds whose blocker dies at once: it holds until then, and no longer.
    private func life(_ blocker: any Blocker) throws -> [(String, Bool)] {
        try blocker.start()
        defer { blocker.kill() }
        try blocker.block([Self.single], seconds: 8)
        let end = ContinuousClock.now + .seconds(8)
        guard try ground.becomes(Self.single, blocked: true, within: 6) else {
            throw TestFailure("\(blocker.name) did not block in time.")
        }
        blocker.kill()
        let held = try ground.ask("in \(Self.single)") == "true"
        while ContinuousClock.now < end { usleep(50_000) }
        return [
            ("holds_when_dead", held), ("ends_when_dead", try ground.becomes(Self.single, blocked: false, within: 5)),
        ]
    }
}
