internal import CordonFrames
internal import CordonModel
internal import Logging

// How items leave: acknowledged, or pushed out by newer ones.

extension Spool {
    /// The controller has everything up to and with the sequence number. Numbers of another epoch, or that were never
    /// given, do nothing. A disk that cannot be written forgets more slowly: some items are sent again after a restart,
    /// and dropped there.
    package func acknowledge(epoch: [UInt8], sequence: UInt64) {
        guard let index = lanes.firstIndex(where: { $0.epoch == epoch }),
            sequence > lanes[index].place.settled, sequence <= lanes[index].place.last
        else { return }
        lanes[index].place.settled = sequence
        lastProgress = .now
        do throws(FrameError) {
            try forget(lane: index)
        } catch {
            logger.warning("\(error)")
        }
        freed.call()
    }

    private func forget(lane index: Int) throws(FrameError) {
        var isWritten = false
        do throws(FrameError) {
            let lane = lanes[index]
            if lane.place.settled == lane.place.last, (lane.segments.last?.size ?? 0) > limits.segment / 4 {
                try lanes[index].startSegment(in: folder)
            }
            // On the disk before a segment goes: else the next start would miss it.
            try record(lanes.map(\.sayable), durably: lanes[index].settledSegments > 0)
            isWritten = true
        } catch {
            // Room first: on a full disk nothing else can be written.
            guard error.code == FrameError.diskFull else { throw error }
        }
        try lanes[index].removeSettled(in: folder)
        if !isWritten { try record(lanes.map(\.sayable), durably: false) }
    }

    // MARK: - Being full

    /// Waits until the bytes fit, as long as the controller takes items.
    func waitForRoom(_ bytes: Int) async throws {
        guard !fits(bytes), limits.patience > .zero else { return }
        let freed = freed.stream()
        let since = ContinuousClock.now
        while !fits(bytes) {
            let left = limits.patience - (ContinuousClock.now - max(lastProgress, since))
            guard left > .zero, lastProgress + limits.patience > .now else { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in freed { return } }
                group.addTask { try await Task.sleep(for: left) }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    /// Whether nothing must go for so many bytes of any class.
    private func fits(_ bytes: Int) -> Bool {
        let lower = lanes[.bulk].bytes + lanes[.activity].bytes
        // What alone is more than the bounds would wait for ever.
        if lanes.allSatisfy({ $0.place.settled == $0.place.last }) { return true }
        return lower + bytes <= limits.unreserved && lower + lanes[.security].bytes + bytes <= limits.bytes
    }

    /// Lets the oldest of the lowest class go until there is room; returns what of the new items may stay.
    func makeRoom(for entries: [Entry]) throws(FrameError) -> [Entry] {
        var entries = entries
        while let victim = victim(entries) {
            if lanes[victim].holdsItems {
                let size = lanes[victim].segments[0].size
                let dropped = try lanes[victim].dropOldest(in: folder)
                if let dropped { owe(victim, dropped, because: "is full: \(size) bytes, the oldest,") }
            } else {
                let count = entries.count { $0.itemClass == victim }
                entries.removeAll { $0.itemClass == victim }
                owe(
                    Gap(
                        source: "spool", noticedAt: surroundings.now(),
                        message: "The spool is full of dearer items: \(count) of class \(victim.name) were not taken.",
                        items: count))
            }
        }
        return entries
    }

    /// The class that must give way for the new items; `nil` when all fit.
    private func victim(_ entries: [Entry]) -> SpoolClass? {
        var bytes: [SpoolClass: Int] = [:]
        for itemClass in SpoolClass.allCases { bytes[itemClass] = lanes[itemClass].bytes }
        for entry in entries { bytes[entry.itemClass, default: 0] += entry.payload.count + Frame.headerLength }
        let lower = bytes[.bulk, default: 0] + bytes[.activity, default: 0]
        let isOver = lower + bytes[.security, default: 0] > limits.bytes
        guard isOver || lower > limits.unreserved else { return nil }
        return SpoolClass.allCases.first { itemClass in
            (itemClass < .security || isOver)
                && (lanes[itemClass].holdsItems || entries.contains { $0.itemClass == itemClass })
        }
    }

    // MARK: - Saying so

    /// Will say that these items are gone.
    func owe(_ itemClass: SpoolClass, _ range: ClosedRange<UInt64>, because reason: String) {
        let count = Int(clamping: range.count)
        owe(
            Gap(
                source: "spool", noticedAt: surroundings.now(),
                message: "The spool \(reason) \(count) items of class \(itemClass.name) were lost unsent.",
                items: count,
                range: Gap.Range(itemClass: itemClass.name, first: range.lowerBound, last: range.upperBound)))
    }

    /// Will say it with the next append.
    private func owe(_ gap: Gap) {
        logger.error("\(gap.message)")
        lost += gap.items
        // One gap item for a run of drops: a flood must not push more out with its own notices.
        if let index = owed.firstIndex(where: { $0.continues(with: gap) }) {
            owed[index].items += gap.items
            if let last = gap.range?.last { owed[index].range?.last = last }
        } else {
            owed.append(gap)
        }
    }
}

extension Gap {
    /// Whether the other tells of what follows directly in the same class.
    fileprivate func continues(with next: Gap) -> Bool {
        source == next.source && range?.itemClass == next.range?.itemClass
            && range.map { $0.last &+ 1 == next.range?.first } ?? (next.range == nil)
    }
}
