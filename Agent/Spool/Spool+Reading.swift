internal import CordonFrames
package import CordonWire
internal import Logging

/// Items of one class in sequence, ready to be shipped.
package struct SpoolBatch: Sendable, Hashable {
    package let itemClass: SpoolClass
    /// 16 bytes: the lane's.
    package let epoch: [UInt8]
    /// The first item's sequence number; the others follow by one.
    package let first: UInt64
    /// Serialised `Cordon_V1_Item`.
    package let items: [[UInt8]]

    /// The last item's sequence number.
    package var last: UInt64 { first + UInt64(items.count) - 1 }

    /// The batch as the contract has it. An item that cannot be read back becomes a gap: numbers stay as they are.
    package func message() -> Cordon_V1_Batch {
        Cordon_V1_Batch(epoch: epoch, firstSequence: first, spooled: items)
    }
}

extension Spool {
    /// The dearest items that were not sent yet, at most so many and about so many bytes; `nil` when there are none.
    /// - Parameter sent: The last number that was sent, by class; none means that shipping starts, after a reconnect,
    ///   with what is not acknowledged.
    package func next(
        after sent: [SpoolClass: UInt64] = [:], limit: Int = 512, bytes: Int = 512 << 10
    ) throws -> SpoolBatch? {
        for itemClass in SpoolClass.allCases.reversed() {
            let batch = try next(in: itemClass, after: sent[itemClass] ?? 0, limit: limit, bytes: bytes)
            if let batch { return batch }
        }
        return nil
    }

    /// The items of a class that follow the sequence number.
    package func next(
        in itemClass: SpoolClass, after sequence: UInt64, limit: Int = 512, bytes: Int = 512 << 10
    ) throws -> SpoolBatch? {
        var reading = Reading(
            after: max(sequence, lanes[itemClass].place.settled), limit: min(limit, WireLimits.batchItems), bytes: bytes
        )
        do throws(FrameError) {
            try lanes[itemClass].read(into: &reading, in: folder, itemLimit: limits.frame)
        } catch {
            throw SpoolError(error)
        }
        for hole in reading.holes { owe(itemClass, hole, because: "met damage on its disk:") }
        if !owed.isEmpty, (try? commit([])) == nil { logger.warning("A gap of the spool could not be written yet.") }
        guard let first = reading.first else { return nil }
        return SpoolBatch(itemClass: itemClass, epoch: lanes[itemClass].epoch, first: first, items: reading.items)
    }
}
