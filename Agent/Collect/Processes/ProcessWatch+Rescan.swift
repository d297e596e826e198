internal import CordonModel

extension ProcessWatch {
    /// Looks at all processes, and tells what was missed, in pieces as they are found: there may be many.
    /// - Parameter since: processes that started later than this many ticks after boot were missed; `nil` when those
    ///   were that are not known by now, or run another program than was heard of.
    func rescan(since: Int64?, into outbox: Outbox) -> (starts: Int, ends: Int) {
        var starts = 0
        var gone = Set(live.entries.keys)
        for pid in folder.processes() {
            guard makeRoom(in: outbox) else { return (starts, 0) }
            let time = ProcessClock.monotonic
            guard let status = folder.status(of: pid), !status.isEnded else { continue }
            let known = live[pid].flatMap { $0.start == nil || $0.start == status.start ? $0 : nil }
            if known != nil { gone.remove(pid) }
            guard !status.isKernelThread else { continue }
            if known == nil, let other = live[pid] {
                // Its number is used again.
                live.forget(pid)
                gone.remove(pid)
                tellEnd(pid, other, nil, at: time)
            }
            let isMissed = since.map { status.start > $0 } ?? isMissed(pid, known)
            if isMissed {
                let details = folder.details(of: pid)
                guard details.absence != .gone else { continue }
                starts += 1
                tellFound(pid, details, status, parent: known?.parent)
            } else if known == nil {
                reading.processes.forget(pid)
                _ = reading.processes.entry(of: pid)
            }
            live.see(pid, status, isTold: isMissed || known?.isTold ?? true, at: time)
        }
        return (starts, forget(gone, outbox))
    }

    /// Whether nobody heard that the process executed what it runs.
    private func isMissed(_ pid: Int64, _ known: LiveProcesses.Entry?) -> Bool {
        guard let known else { return true }
        // Of what was forgotten nothing can be said.
        guard let remembered = reading.processes.known(pid) else { return false }
        if remembered.executable != folder.executable(of: pid) { return true }
        // A fork that runs the same program with other arguments executed it; of others it is a title that they set.
        guard !known.isTold, let arguments = folder.arguments(of: pid)?.joined(separator: " ") else { return false }
        return remembered.commandLine != AuditText.cut(arguments, to: ProcessTable.commandLineLimit)
    }

    /// Tells the end of processes that are not there any more.
    private func forget(_ gone: Set<Int64>, _ outbox: Outbox) -> Int {
        var ends = 0
        let time = ProcessClock.monotonic
        for pid in gone.sorted() {
            guard makeRoom(in: outbox) else { break }
            guard let entry = live[pid] else { continue }
            live.forget(pid)
            if entry.isTold { ends += 1 }
            tellEnd(pid, entry, nil, at: time)
        }
        return ends
    }

    /// Processes whose first thread ended before others: whether they are gone by now, should a thread have ended unheard.
    func checkEnding() {
        for pid in live.ending {
            guard let entry = live[pid] else { continue }
            let status = folder.status(of: pid)
            if let status, status.start == entry.start ?? status.start, status.threads > 1 { continue }
            live.forget(pid)
            tellEnd(pid, entry, entry.ending, at: ProcessClock.monotonic)
        }
    }
}
