internal import Glibc

/// Which pages of a process are copied: those that it has, in memory or swapped out, and no others. What it never touched
/// would be made by reading it, and a page of a file that nobody has read yet may have to be asked of another host. The pages
/// of a file of another host, or of a program that serves it (FUSE), are left out even where they are in memory: the kernel
/// may drop them at any time, and who then reads them waits. Those of them that the process has changed are its own.
struct MemoryPlan {
    /// Pages side by side, of one mapping.
    struct Piece {
        var start: UInt64
        var size: UInt64
        var rights: UInt32
    }

    /// In the order of their addresses.
    private(set) var pieces: [Piece] = []
    /// Bytes of all pieces.
    private(set) var size: UInt64 = 0
    /// Mappings of which nothing, or not all, is copied, with why: lines for people, the first of them.
    private(set) var leftOut: [String] = []
    /// Lines for which there was no room.
    private(set) var moreLeftOut = 0
    /// Bytes that the process has, by the kernel's book, devices aside.
    private(set) var used: UInt64 = 0
    /// Bytes of them that are left out because their files may not answer.
    private(set) var foreign: UInt64 = 0

    /// Pieces of one file: the number of segments in its head has 16 bits.
    static let mostPieces = 60_000
    private static let mostLines = 60
    /// Pages that are looked at: half a terabyte of addresses, for half a gigabyte of the kernel's answers.
    private static let mostPages: UInt64 = 1 << 27
    /// A gap of untouched memory reads as zeros, as this one does in the file: of so many pages at most.
    private static let gap = 16

    static let page = UInt64(max(4096, sysconf(Int32(_SC_PAGESIZE))))

    private let pagemap: Descriptor
    private let devices: FileDevices
    private var room: UInt64
    private var pagesLeft = mostPages
    private var isFull = false

    /// - Parameters:
    ///   - devices: Which files are read without waiting for anybody.
    ///   - room: Bytes of pieces, each with the part of the file's head that tells of it.
    ///   - pieceHead: Bytes of that part.
    init(
        _ map: MemoryMap, pagemap: Descriptor, devices: FileDevices, room: UInt64, pieceHead: UInt64
    ) throws(EnforceError) {
        self.pagemap = pagemap
        self.devices = devices
        self.room = room
        for mapping in map.mappings where mapping.isDevice {
            leave(mapping, map, "a device, or the kernel's own pages")
        }
        // Stack and heap come first, then what is its own; and a huge mapping does not push small ones out, be it used or not.
        func rank(_ mapping: Mapping) -> Int {
            ["[stack]", "[heap]"].contains(map.name(of: mapping)) ? 0 : mapping.isOwn ? 1 : 2
        }
        let wanted = map.mappings.filter { !$0.isDevice && $0.used > 0 }.map { (rank: rank($0), mapping: $0) }
            .sorted { ($0.rank, $0.mapping.size, $0.mapping.start) < ($1.rank, $1.mapping.size, $1.mapping.start) }
            .map(\.mapping)
        used = wanted.reduce(0) { $0 + $1.used }
        for mapping in wanted { try take(mapping, map, pieceHead: pieceHead) }
        if map.isCut { leftOut.append("mappings beyond the first \(map.mappings.count)") }
        pieces.sort { $0.start < $1.start }
    }

    private mutating func leave(_ mapping: Mapping, _ map: MemoryMap, _ why: String) {
        guard leftOut.count < Self.mostLines else {
            moreLeftOut += 1
            return
        }
        let name = map.name(of: mapping)
        leftOut.append(
            "\(String(mapping.start, radix: 16))-\(String(mapping.end, radix: 16)) "
                + "\(name.isEmpty ? "without a file" : String(name.prefix(120))): \(why)")
    }

    private mutating func take(_ mapping: Mapping, _ map: MemoryMap, pieceHead: UInt64) throws(EnforceError) {
        guard !isFull else { return leave(mapping, map, "no room: \(mapping.used) bytes") }
        let pages = min(mapping.size / Self.page, pagesLeft)
        let end = mapping.start + pages * Self.page
        pagesLeft -= pages
        if end < mapping.end {
            leave(mapping, map, "cut: of \(mapping.size) bytes of addresses \(pages * Self.page) were looked at")
        }
        let gap = mapping.inode == 0 ? Self.gap : 0
        let isOwnOnly = mapping.inode != 0 && !devices.answers(mapping.device)
        var others: UInt64 = 0
        var last = Piece(start: mapping.start, size: 0, rights: mapping.rights)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var address = mapping.start
        while address < end, !isFull {
            let entries = try self.entries(at: address, before: end, &buffer)
            if entries == 0 { break }
            for index in 0..<entries {
                // Bit 63: present; bit 62: swapped out. Of eight bytes, little endian.
                guard buffer[8 * index + 7] & 0xC0 != 0 else { continue }
                // Bit 61: of a file, or shared.
                if isOwnOnly, buffer[8 * index + 7] & 0x20 != 0 {
                    others += Self.page
                    continue
                }
                let page = address + UInt64(index) * Self.page
                if last.size > 0, page - (last.start + last.size) <= UInt64(gap) * Self.page {
                    last.size = page + Self.page - last.start
                } else {
                    add(last, pieceHead)
                    last = Piece(start: page, size: Self.page, rights: mapping.rights)
                }
            }
            address += UInt64(entries) * Self.page
        }
        add(last, pieceHead)
        foreign += others
        if others > 0 {
            let type = devices.type(of: mapping.device)
            leave(
                mapping, map, "\(others) bytes of a file that may not answer (\(type)); what it changed of it is there")
        }
        if isFull { leave(mapping, map, "cut: there was no room for all of its \(mapping.used) bytes") }
    }

    private func entries(at address: UInt64, before end: UInt64, _ buffer: inout [UInt8]) throws(EnforceError) -> Int {
        let most = min(buffer.count / 8, Int((end - address) / Self.page))
        let offset = Int(address / Self.page * 8)
        let number = pagemap.number
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(number, $0.baseAddress, 8 * most, offset) }
        guard count >= 0 else { throw .memory("read", "the process's page map", errno) }
        return count / 8
    }

    private mutating func add(_ piece: Piece, _ head: UInt64) {
        guard piece.size > 0, !isFull else { return }
        var piece = piece
        let fits = room > head ? (room - head) / Self.page * Self.page : 0
        if piece.size > fits || pieces.count >= Self.mostPieces { isFull = true }
        piece.size = pieces.count >= Self.mostPieces ? 0 : min(piece.size, fits)
        guard piece.size > 0 else { return }
        room -= head + piece.size
        size += piece.size
        pieces.append(piece)
    }
}
