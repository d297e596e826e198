import CordonModel
import CordonWire

@testable import AgentSpool

/// The life of a spool by an input's choices: items come, are acknowledged, the agent is killed and starts again, and
/// in some lives its disk is damaged meanwhile.
struct SpoolStory {
    private var choices: Choices
    private var folder: WorkFolder
    private var spool: Spool
    private var lanes = SpoolClass.allCases.map { _ in Lane() }
    private var isDamaged = false
    private var number = 0

    /// What is known of one class.
    private struct Lane {
        /// All that was ever appended.
        var appended: [[UInt8]] = []
        /// What must be there: it was appended since the last damage, and is not acknowledged.
        var sure: [[UInt8]] = []
    }

    init(_ bytes: [UInt8]) throws {
        choices = Choices(Array(bytes.prefix(512)))
        folder = try WorkFolder()
        spool = try Self.open(folder)
    }

    mutating func play() async throws {
        while !choices.isEmpty {
            let step = choices.byte() % 6
            let index = Int(choices.byte() % 3)
            switch step {
            case 0, 1: try await append(index)
            case 2: try await acknowledge(index)
            case 3, 4: try restart()
            default:
                if try damage() {
                    isDamaged = true
                    for index in lanes.indices { lanes[index].sure = [] }
                }
            }
            try await check()
        }
    }

    private mutating func append(_ index: Int) async throws {
        var items: [[UInt8]] = []
        for _ in 0..<(choices.byte() % 5) {
            number += 1
            items.append(Array("item \(number) ".utf8) + [UInt8](repeating: 0x78, count: Int(choices.byte())))
        }
        try await spool.append(items, as: SpoolClass.allCases[index])
        lanes[index].appended += items
        lanes[index].sure += items
    }

    private mutating func acknowledge(_ index: Int) async throws {
        let limit = Int(choices.byte())
        guard let batch = try await spool.next(in: SpoolClass.allCases[index], after: 0, limit: limit) else { return }
        await spool.acknowledge(epoch: batch.epoch, sequence: batch.last)
        lanes[index].sure.removeAll { batch.items.contains($0) }
    }

    /// As a crash leaves it: the files as they are, without the lock of the one that died.
    private mutating func restart() throws {
        folder = try folder.copied(without: "lock")
        spool = try Self.open(folder)
    }

    private mutating func damage() throws -> Bool {
        let fresh = try folder.copied(without: "lock")
        let names = SeedFiles.names(fresh.path)
        let isHurt = try fresh.damage(names[Int(choices.byte()) % names.count], &choices) != .none
        folder = fresh
        spool = try Self.open(folder)
        return isHurt
    }

    private func check() async throws {
        for (lane, itemClass) in zip(lanes, SpoolClass.allCases) {
            // Among those of the dearest class are the spool's own gaps.
            let found = try await drained(itemClass).filter { $0.starts(with: "item ".utf8) }
            try hold(FuzzEntry.isPart(found, of: lane.appended), "what comes was appended, in order, and comes once")
            if isDamaged {
                try same(Array(found.suffix(lane.sure.count)), lane.sure, "what came after the damage is there")
            } else {
                try same(found, lane.sure, "all that was appended is there")
            }
        }
    }

    private func drained(_ itemClass: SpoolClass) async throws -> [[UInt8]] {
        var items: [[UInt8]] = []
        var after: UInt64 = 0
        while let batch = try await spool.next(in: itemClass, after: after) {
            try hold(batch.first > after && !batch.items.isEmpty, "numbers rise")
            items += batch.items
            after = batch.last
        }
        return items
    }

    private static func open(_ folder: WorkFolder) throws -> Spool {
        try Spool(
            folder: folder.path, limits: Spool.Limits(bytes: 1 << 20, share: 1, segment: 1024, item: 4096),
            surroundings: Surroundings(now: { FuzzEntry.now }, random: { 11 }))
    }
}
