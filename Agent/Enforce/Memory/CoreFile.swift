/// A core file of elf(5) with 64 bits, as the kernel writes one when a process crashes: gdb(1) and the tools of forensics read
/// it. Its first segment has notes, each of the others a piece of memory at its address.
enum CoreFile {
    /// Bytes of the head, and of what tells of one segment.
    static let head: UInt64 = 64
    static let segment: UInt64 = 56

    #if arch(arm64)
    private static let machine: UInt16 = 183
    #elseif arch(riscv64)
    private static let machine: UInt16 = 243
    #else
    private static let machine: UInt16 = 62
    #endif

    /// Where the memory begins.
    static func start(pieces: Int, notes: Int) -> UInt64 {
        let size = head + segment * UInt64(pieces + 1) + UInt64(notes)
        return (size + MemoryPlan.page - 1) / MemoryPlan.page * MemoryPlan.page
    }

    /// Writes all but the memory, of which the pieces follow without gaps.
    static func begin(_ pieces: [MemoryPlan.Piece], notes: [UInt8], into draft: EvidenceDraft) throws {
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        // ET_CORE; no entry; segments follow; no sections.
        bytes.put(UInt16(4))
        bytes.put(machine)
        bytes.put(UInt32(1))
        for field in [0, head, 0] { bytes.put(field) }
        bytes.put(UInt32(0))
        for field in [UInt16(head), UInt16(segment), UInt16(pieces.count + 1), 0, 0, 0] { bytes.put(field) }
        // PT_NOTE.
        put(
            type: 4, rights: 0, at: head + segment * UInt64(pieces.count + 1), address: 0, size: UInt64(notes.count), 1,
            &bytes)
        var offset = start(pieces: pieces.count, notes: notes.count)
        let first = offset
        for piece in pieces {
            // PT_LOAD.
            put(
                type: 1, rights: piece.rights, at: offset, address: piece.start, size: piece.size, MemoryPlan.page,
                &bytes)
            offset += piece.size
            if bytes.count > 1 << 16 {
                try draft.append(bytes[...])
                bytes = []
            }
        }
        try draft.append(bytes[...])
        try draft.append(notes[...])
        try draft.append([UInt8](repeating: 0, count: Int(Int64(first) - draft.size))[...])
    }

    private static func put(
        type: UInt32, rights: UInt32, at offset: UInt64, address: UInt64, size: UInt64, _ alignment: UInt64,
        _ bytes: inout [UInt8]
    ) {
        bytes.put(type)
        bytes.put(rights)
        // Offset, virtual and physical address, size in the file and in memory.
        for field in [offset, address, 0, size, type == 1 ? size : 0, alignment] { bytes.put(field) }
    }
}

extension [UInt8] {
    /// Adds a number, least byte first.
    mutating func put(_ number: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Adds bytes, and zeros up to that many.
    mutating func put(_ bytes: some Collection<UInt8>, filledTo count: Int) {
        self += bytes.prefix(count)
        self += [UInt8](repeating: 0, count: Swift.max(0, count - bytes.count))
    }
}
