internal import CLinux
internal import CordonModel
internal import Dispatch
internal import Glibc
internal import Synchronization

/// The thread that holds a process still: who traces must be one thread from beginning to end.
struct StillnessHolder {
    private let pid: Int32
    private let longest: Duration
    private let shared: Stillness.Shared
    /// Traced threads; what `clinux_trace_stopped` said of each.
    private var held: [(id: Int32, state: Int32)] = []
    private var fault: String?

    /// Threads that are held at most.
    private static let mostThreads = 4096
    /// How long to wait until all stand still.
    private static let patience = Duration.seconds(1)
    /// NT_PRSTATUS and NT_PRFPREG of elf.h.
    private static let sets: (registers: UInt32, floats: UInt32) = (1, 2)

    init(pid: Int32, longest: Duration, _ shared: Stillness.Shared) {
        self.pid = pid
        self.longest = longest
        self.shared = shared
    }

    /// Holds it until it may go or the time is over.
    consuming func run() {
        let begun = ContinuousClock.now
        hold()
        let threads = held.map { id, state in
            state & CLINUX_TRACE_STOPPED == 0
                ? Stillness.Thread(id: id)
                : Stillness.Thread(
                    id: id, registers: Self.registers(id, Self.sets.registers),
                    floats: Self.registers(id, Self.sets.floats))
        }
        let fault = fault
        shared.report.withLock { report in
            report.threads = threads
            report.fault = fault
        }
        shared.isReady.signal()
        let isTimeOver = shared.mayGo.wait(timeout: .now() + .seconds(Int(longest.wholeSeconds))) == .timedOut
        // What was never seen to stop is let go by the end of this thread.
        for (id, state) in held where state & CLINUX_TRACE_STOPPED != 0 { clinux_trace_end(id, state & 0xFF) }
        let stood = ContinuousClock.now - begun
        shared.report.withLock { report in
            report.stood = stood
            report.isTimeOver = isTimeOver
        }
        shared.isOver.signal()
    }

    /// Traces and stops every thread, looking again until a look finds nobody new: one that runs still may make others.
    private mutating func hold() {
        var known: Set<Int32> = []
        let deadline = ContinuousClock.now + Self.patience
        for _ in 0..<64 {
            let fresh = RunningProcess.threads(of: pid).filter { !known.contains($0) }
            if fresh.isEmpty { break }
            known.formUnion(fresh)
            guard known.count <= Self.mostThreads else {
                fault = "it has more than \(Self.mostThreads) threads"
                break
            }
            for id in fresh where !trace(id) { return letGo() }
            awaitStops(until: deadline)
        }
        let running = held.count { $0.state == 0 }
        if fault != nil { return letGo() }
        if running > 0 { fault = "\(running) of \(held.count) threads wait in the kernel and may have gone on" }
        held.removeAll { $0.state & CLINUX_TRACE_ENDED != 0 }
    }

    /// Whether it is traced, or gone.
    private mutating func trace(_ id: Int32) -> Bool {
        let result = clinux_trace(id)
        if result == -ESRCH { return true }
        guard result == 0 else {
            let tracer = RunningProcess.tracer(of: pid)
            fault = tracer.map { "process \($0) traces it" } ?? "tracing it failed: \(errorText(-result))"
            return false
        }
        clinux_trace_interrupt(id)
        held.append((id, 0))
        return true
    }

    private mutating func awaitStops(until deadline: ContinuousClock.Instant) {
        while true {
            for index in held.indices where held[index].state == 0 {
                held[index].state = max(0, clinux_trace_stopped(held[index].id))
            }
            guard held.contains(where: { $0.state == 0 }), ContinuousClock.now < deadline else { return }
            usleep(500)
        }
    }

    /// Half of it still would only be half of a truth: it goes on at once.
    private mutating func letGo() {
        awaitStops(until: ContinuousClock.now + Self.patience)
        for (id, state) in held where state & CLINUX_TRACE_STOPPED != 0 { clinux_trace_end(id, state & 0xFF) }
        held = []
    }

    private static func registers(_ thread: Int32, _ set: UInt32) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe clinux_trace_registers(thread, set, $0.baseAddress, $0.count)
        }
        return count > 0 ? Array(buffer[..<Int(count)]) : []
    }
}
