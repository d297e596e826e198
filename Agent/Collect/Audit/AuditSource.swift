package import CordonModel
package import CordonScan

/// Joins what another source reads from the audit log, `/var/log/audit/audit.log` or the kernel's multicast group, to
/// events.
///
/// Records that still wait for others travel in the position, so that a stop or crash neither loses nor tears an event.
package actor AuditSource: Source {
    package nonisolated let id: String
    private let lines: any Source
    private let reading: AuditReading
    private let surroundings: Surroundings

    private var assembler = AuditAssembler()
    /// Where the lines are read on.
    private var place: JSONValue?
    /// What of the lines cannot be read now.
    private var fault: String?
    /// What the lines' source read, and waits to know durable.
    private var offered: (batch: SourceBatch, done: CheckedContinuation<Void, any Error>)?
    private var isOpen = false

    /// - Parameter lines: gives one line of the log a record, as `FileSource` and `AuditNetlink` do.
    package init(lines: any Source, reading: AuditReading, surroundings: Surroundings) {
        id = "audit:\(lines.id)"
        self.lines = lines
        self.reading = reading
        self.surroundings = surroundings
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        assembler = AuditAssembler()
        place = position?["lines"]
        for text in position?["waiting"]?.array?.compactMap(\.text) ?? [] {
            if let record = AuditRecord(line: Array(text.utf8)) { _ = assembler.take(record, now: surroundings.now()) }
        }
        reading.processes.seed()
        isOpen = true
        let (steps, step) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (lines, place) = (lines, place)
            group.addTask {
                defer { step.finish() }
                try await lines.run(from: place) { batch in try await self.offer(batch, step) }
            }
            group.addTask {
                // What waits for more is let go when nothing comes.
                while true {
                    try await Task.sleep(for: .seconds(1))
                    step.yield()
                }
            }
            defer {
                close()
                group.cancelAll()
            }
            for await _ in steps { try await work(deliver) }
            if Task.isCancelled { return }
            // The lines ended: by a failure, which is ours.
            try await group.next()
        }
    }

    /// Takes a batch of lines; returns when what is made of it is durable.
    private func offer(_ batch: SourceBatch, _ step: AsyncStream<Void>.Continuation) async throws {
        guard isOpen else { throw CancellationError() }
        try await withCheckedThrowingContinuation { continuation in
            offered = (batch, continuation)
            step.yield()
        }
    }

    private func close() {
        isOpen = false
        offered?.done.resume(throwing: CancellationError())
        offered = nil
    }

    private func work(_ deliver: @Sendable (SourceBatch) async throws -> Void) async throws {
        let now = surroundings.now()
        let batch = offered?.batch
        var records = batch?.records.flatMap { joined($0.text, now) } ?? []
        records += assembler.flush(now: now).map(reading.record)
        if let batch { place = batch.position }
        guard batch != nil || !records.isEmpty else { return }
        if let batch { fault = batch.fault }
        try await deliver(SourceBatch(records: records, gaps: batch?.gaps ?? [], position: position, fault: fault))
        guard batch != nil else { return }
        let done = offered?.done
        offered = nil
        done?.resume()
    }

    private func joined(_ line: [UInt8], _ now: Timestamp) -> [Record] {
        guard let record = AuditRecord(line: line) else { return line.isEmpty ? [] : [AuditReading.unread(line)] }
        return assembler.take(record, now: now).map(reading.record)
    }

    private var position: JSONValue {
        let waiting = assembler.waitingLines.map { JSONValue.text(AuditText.text($0)) }
        return ["lines": place ?? nil, "waiting": .array(waiting)]
    }
}
