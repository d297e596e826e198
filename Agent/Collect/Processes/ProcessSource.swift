package import CordonModel
package import CordonScan

/// Tells of processes that start and end, as the kernel's proc connector says and `/proc` shows.
///
/// The kernel keeps nothing of it: the time in which nobody listened is a gap, and what started in it and still runs is
/// found in `/proc`. The same is done when the kernel had to drop something.
package struct ProcessSource: Source {
    package let id = "processes"
    private let reading: ProcessReading
    private let tellsEnds: Bool
    private let bufferBytes: Int32

    /// - Parameters:
    ///   - processes: what is known of parents; shared with other sources.
    ///   - tellsEnds: whether ends are told too.
    ///   - bufferBytes: what the kernel may queue; about 10,000 notices in the usual size.
    package init(
        users: UserNames, processes: ProcessTable, tellsEnds: Bool = true, surroundings: Surroundings,
        bufferBytes: Int32 = 8 << 20
    ) {
        reading = ProcessReading(users: users, processes: processes, clock: ProcessClock(surroundings: surroundings))
        self.tellsEnds = tellsEnds
        self.bufferBytes = bufferBytes
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        let watch = ProcessWatch(reading: reading, tellsEnds: tellsEnds)
        let bufferBytes = bufferBytes
        try await Outbox().drain(deliver) { outbox in
            try await watch.run(ProcConnector(bufferBytes: bufferBytes), from: position, into: outbox)
        }
    }

    /// Why the kernel tells nothing of processes; `nil` when it does.
    package static var obstacle: (any ActionableError)? {
        do throws(CollectError) {
            _ = try ProcConnector(bufferBytes: 1 << 16)
            return nil
        } catch {
            return error
        }
    }

    /// What of processes is not seen, in words; `nil` when all is.
    package static var blindness: String? {
        if Capability.sysPtrace.isHeld { return nil }
        return "programs and folders of other users' processes are not seen without CAP_SYS_PTRACE"
    }
}
