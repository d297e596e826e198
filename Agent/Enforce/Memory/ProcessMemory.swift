internal import CordonModel
internal import Glibc

/// The memory of a process, copied into evidence as a core file, piece by piece: nothing large is held.
struct ProcessMemory {
    /// Bytes of memory in the file.
    private(set) var copied: UInt64 = 0
    /// Pages that could not be read, and are zeros in the file.
    private(set) var unreadable = 0
    /// It ended before all was copied; the file ends there.
    private(set) var isGone = false
    let plan: MemoryPlan
    /// Threads whose registers are in the file.
    let threads: Int

    private static let chunk = 1 << 18
    /// Bytes of what the file says of itself.
    private static let mostText = 8 << 10
    /// Bytes of a core file that has at least a little of everything.
    static let least: Int64 = 1 << 20

    private let memory: Descriptor

    /// - Parameters:
    ///   - process: Held still, where it can be.
    ///   - note: A line for the file, about when and how.
    init(
        _ process: RunningProcess, still: Stillness.Report, _ note: String, into draft: EvidenceDraft
    ) throws {
        let pid = process.pid
        memory = try Self.open("/proc/\(pid)/mem")
        let pagemap = try Self.open("/proc/\(pid)/pagemap")
        let map = try MemoryMap(of: pid)
        var notes = CoreNotes(process, map, threads: still.threads, most: Int(clamping: draft.left / 4))
        threads = notes.threads
        let head = CoreFile.start(pieces: 0, notes: notes.bytes.count + Self.mostText) + MemoryPlan.page
        plan = try MemoryPlan(
            map, pagemap: pagemap, devices: FileDevices(of: pid),
            room: UInt64(max(0, draft.left)) - min(head, UInt64(max(0, draft.left))),
            pieceHead: CoreFile.segment)
        // What was opened may be a successor's, with the same number.
        guard RunningProcess(pid: pid)?.startTime == process.startTime, !plan.pieces.isEmpty else {
            throw EnforceError("process.gone", "Process \(pid) ended before its memory was read.")
        }
        notes.add(text: Self.text([note] + Self.lines(plan)))
        try CoreFile.begin(plan.pieces, notes: notes.bytes, into: draft)
        try copy(into: draft)
    }

    static func open(_ path: String) throws -> Descriptor {
        let number = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        return try Descriptor(number < 0 ? -errno : number) { .memory("open", path, $0) }
    }

    /// What of the process is not in the file.
    static func lines(_ plan: MemoryPlan) -> [String] {
        var lines = ["\(plan.size) bytes in \(plan.pieces.count) pieces; the process has \(plan.used)"]
        lines += plan.leftOut.map { "left out: \($0)" }
        if plan.moreLeftOut > 0 { lines.append("left out: \(plan.moreLeftOut) mappings more") }
        return lines
    }

    private static func text(_ lines: [String]) -> String {
        var text = ""
        for line in lines {
            guard text.utf8.count + line.utf8.count < mostText - 64 else { return text + "…\n" }
            text += line + "\n"
        }
        return text
    }

    // MARK: - Copying

    private mutating func copy(into draft: EvidenceDraft) throws {
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        for piece in plan.pieces {
            var done: UInt64 = 0
            while done < piece.size {
                let count = Int(min(UInt64(Self.chunk), piece.size - done))
                let got = read(at: piece.start + done, count, &buffer)
                guard got > 0 else {
                    isGone = true
                    return
                }
                try draft.append(buffer[..<got])
                done += UInt64(got)
                copied += UInt64(got)
            }
        }
    }

    /// Fills the buffer's beginning; a page that cannot be read is zeros. How many bytes; none when the process is gone.
    private mutating func read(at address: UInt64, _ count: Int, _ buffer: inout [UInt8]) -> Int {
        let number = memory.number
        while true {
            let got = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(number, $0.baseAddress, count, Int(bitPattern: UInt(address)))
            }
            if got >= 0 { return got }
            guard errno == EINTR else { break }
        }
        // The first page of it cannot be read; what follows may be.
        let page = min(count, Int(MemoryPlan.page))
        for index in 0..<page { buffer[index] = 0 }
        unreadable += 1
        return page
    }
}
