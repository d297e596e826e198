internal import CordonModel
internal import Logging

// How items leave: acknowledged, or pushed out by newer ones.

extension Spool {
    /// The controller has everything up to and with the sequence number. Numbers of another epoch, or that were never
    /// given, do nothing.
    package func acknowledge(epoch: [UInt8], sequence: UInt64) throws {
        guard epoch == self.epoch, sequence > acknowledged, sequence <= last else { return }
        acknowledged = sequence
        // Room first: on a full disk nothing below can be written.
        try removeAcknowledged()
        do throws(SpoolError) {
            if acknowledged == last, let segment = segments.last, segment.size > limits.segment / 4 {
                try startSegment()
                try removeAcknowledged()
            }
            // Not waited for: an older number after a power cut only means that some items are sent again, and dropped
            // there.
            try folder.replace(
                Recovery.stateName, with: FileHeader(epoch: epoch, first: sequence).bytes, durably: false)
        } catch {
            guard error.code == SpoolError.diskFull else { throw error }
            logger.warning("\(error)")
        }
    }

    private func removeAcknowledged() throws(SpoolError) {
        while segments.count > 1, segments[1].first <= acknowledged + 1 { try removeOldest() }
    }

    private func removeOldest() throws(SpoolError) {
        let oldest = segments[0]
        try folder.remove(oldest.name)
        segments.removeFirst()
        if cursor?.segment == oldest.first { cursor = nil }
    }

    /// Lets the oldest segments go until so many bytes more are allowed.
    func makeRoom(_ bytes: Int) throws(SpoolError) {
        while segments.reduce(bytes, { $0 + $1.size }) > limits.bytes {
            if segments.count == 1 {
                guard segments[0].size > FileHeader.length else { return }
                try startSegment()
            }
            let from = max(segments[0].first, acknowledged + 1)
            let lost = segments[1].first > from ? segments[1].first - from : 0
            let dropped = segments[0].size
            try removeOldest()
            guard lost > 0 else { continue }
            owe(
                "The spool is full (\(limits.bytes) bytes): \(lost) items (\(dropped) bytes), the oldest, were dropped unsent.",
                items: Int(clamping: lost)
            )
        }
    }

    /// Will say with the next append that items were lost.
    func owe(_ message: String, items: Int) {
        logger.error("\(message)")
        let gap = Gap(source: "spool", noticedAt: surroundings.now(), message: message, items: items)
        // One gap item for a run of drops: a flood must not push more out with its own notices.
        if let index = owed.firstIndex(where: { $0.source == "spool" }), owed.count >= 8 {
            owed[index].items += items
        } else {
            owed.append(gap)
        }
    }
}
