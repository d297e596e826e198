internal import CordonModel
internal import Glibc
internal import SystemPackage

/// One open log file and how far it was read. Blocks; belongs to one thread.
struct FileTail: ~Copyable {
    private let descriptor: FileDescriptor
    let path: FilePath
    private(set) var position: FilePosition
    /// When a compressed file was written to, in `modified`'s unit; `nil` for one that is read itself.
    private let compressedAt: Int64?
    private var encoding = Encoding.bytes
    /// Bytes at the start that say the encoding.
    private var mark = 0

    /// Bytes of one line; what is longer is cut, and the cut is told.
    static let lineLimit = 64 * 1024
    private static let chunk = 256 * 1024
    /// SEEK_DATA of lseek(2).
    private static let seekData: Int32 = 3

    /// A line as it was read.
    struct Line {
        var text: [UInt8]
        /// Where it starts in the file.
        var offset: Int64
        var isCut = false
    }

    /// What a look at the file found.
    enum Step {
        /// Whole lines.
        case lines([Line])
        /// There is no whole line yet.
        case end
        /// The file is no longer what was read before: truncated, or truncated and filled again.
        case replaced
    }

    /// Opens a file; `nil` when there is none. Starts at its beginning.
    static func open(_ path: FilePath) throws(CollectError) -> FileTail? {
        let descriptor: FileDescriptor
        do {
            descriptor = try LogOpening.open(path)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch let refusal as CollectError {
            throw refusal
        } catch {
            let reason = error as? Errno ?? .ioError
            throw CollectError(
                "cannot_open",
                "Cannot open \(path.string): \(reason).",
                remedy: "Let the agent's user read it (group adm on Debian)."
            )
        }
        guard let status = status(descriptor), status.st_mode & S_IFMT == S_IFREG else {
            try? descriptor.close()
            throw CollectError("not_a_file", "\(path.string) is not a regular file.", remedy: "Name a log file.")
        }
        var tail = FileTail(
            try readable(descriptor, path), path, status, isCompressed: CompressedFile.isOne(path))
        tail.growHead()
        return tail
    }

    /// The file, or what it expands to.
    private static func readable(_ descriptor: FileDescriptor, _ path: FilePath) throws(CollectError) -> FileDescriptor
    {
        guard CompressedFile.isOne(path) else { return descriptor }
        defer { try? descriptor.close() }
        return try CompressedFile.expanded(descriptor)
    }

    private init(_ descriptor: FileDescriptor, _ path: FilePath, _ status: stat, isCompressed: Bool) {
        self.descriptor = descriptor
        self.path = path
        let (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
        compressedAt = isCompressed ? Self.modified(status) : nil
        let empty = FileIdentity.Fingerprint([])
        position = FilePosition(
            identity: FileIdentity(device: device, inode: inode, head: empty), offset: 0, marker: empty,
            modified: Self.modified(status))
    }

    deinit { try? descriptor.close() }

    /// A file's size and time, as they were together.
    struct State {
        /// Bytes.
        var size: Int64
        /// When the file was written to last: nanoseconds since the Unix epoch.
        var modified: Int64
    }

    var state: State {
        let status = Self.status(descriptor)
        return State(
            size: status.map { Int64($0.st_size) } ?? 0, modified: compressedAt ?? status.map(Self.modified) ?? 0)
    }

    /// When the file was written to last: nanoseconds since the Unix epoch.
    var modified: Int64 { state.modified }

    /// Whether its time was set with no change, as `touch` does.
    var isTouched: Bool {
        Self.status(descriptor).map {
            $0.st_atim.tv_sec == $0.st_mtim.tv_sec && $0.st_atim.tv_nsec == $0.st_mtim.tv_nsec
        } ?? false
    }

    private static func modified(_ status: stat) -> Int64 {
        Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// The kernel's number for the file that the path leads to.
    static func number(of path: FilePath) -> Follower.Number? {
        var status = stat()
        guard unsafe stat(path.string, &status) == 0 else { return nil }
        return Follower.Number(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Whether what is read was expanded.
    var isCompressed: Bool { compressedAt != nil }

    /// Names that lead to the file.
    var links: Int { Self.status(descriptor).map { Int($0.st_nlink) } ?? 0 }

    /// Bytes of the file now.
    var size: Int64 { state.size }

    // MARK: - Where to go on

    /// Goes to where an earlier reading stopped; `false` when this is not the file that was read.
    mutating func resume(_ earlier: FilePosition) -> Bool {
        let sameFile =
            earlier.identity.device == position.identity.device && earlier.identity.inode == position.identity.inode
        guard sameFile || earlier.identity.head.length > 0, holds(earlier) else { return false }
        let identity = position.identity
        position = earlier
        position.identity = identity
        growHead()
        return true
    }

    /// Whether the file starts as the one that was read, and has the same before the place that was read to.
    func holds(_ earlier: FilePosition) -> Bool {
        let head = earlier.identity.head
        guard size >= earlier.offset, head.matches(read(at: 0, count: head.length)[...]) else { return false }
        let length = earlier.marker.length
        return earlier.marker.matches(read(at: earlier.offset - Int64(length), count: length)[...])
    }

    /// Whether all of the other file stands at the start of this one: a copy of it, or what is made of it so far.
    func startsAs(_ other: borrowing FileTail) -> Bool {
        let end = other.size
        guard end > 0, end <= size else { return false }
        let length = min(Int(end), FilePosition.markerLimit)
        let marker = FileIdentity.Fingerprint(other.read(at: end - Int64(length), count: length))
        let head = FileIdentity.Fingerprint(other.read(at: 0, count: FileIdentity.headLimit))
        return holds(
            FilePosition(
                identity: FileIdentity(device: 0, inode: 0, head: head), offset: end, marker: marker, modified: nil))
    }

    /// Notes that there was nothing to be read when the file had this time.
    mutating func seen(at modified: Int64) { position.modified = modified }

    /// Goes behind the last whole line.
    mutating func seekToEnd() {
        var end = size
        while end > 0 {
            let from = max(0, end - Int64(Self.chunk))
            let bytes = read(at: from, count: Int(end - from))
            if let index = bytes.lastIndex(of: UInt8(ascii: "\n")) {
                end = from + Int64(index) + 1
                if encoding != .bytes { end += end & 1 }
                break
            }
            end = from
        }
        move(to: end)
    }

    // MARK: - Reading

    /// Reads the next lines, at most so many.
    mutating func next(limit: Int) -> Step {
        let marker = position.marker
        // Taken before reading: what comes after it is later.
        let modified = modified
        // Marker and news come from one read: a truncation in between cannot hide. So does the start of the file, as long
        // as what was read is not far behind it.
        let isNearStart = position.offset <= Int64(FileIdentity.headLimit)
        let from = isNearStart ? 0 : position.offset - Int64(marker.length)
        let known = Int(position.offset - from)
        let bytes = read(at: from, count: known + Self.chunk)
        guard bytes.count >= known, marker.matches(bytes[(known - marker.length)...]) else { return .replaced }
        if isNearStart {
            guard position.identity.head.matches(bytes[...]) else { return .replaced }
            growHead(by: bytes)
        }
        guard bytes.count > known else { return .end }
        let before = position.offset
        let lines = split(bytes, from: known, limit: limit)
        if position.offset > before { position.modified = modified }
        // Bytes that are passed over (a line beyond the limit, a hole of NUL bytes) are progress too: whoever waited for
        // the next look after each of them would be blind for as long as someone cares to write.
        return lines.isEmpty && position.offset == before ? .end : .lines(lines)
    }

    /// What is left behind the last line break; the file gets no more.
    mutating func rest() -> Line? {
        let start = position.offset
        let bytes = read(at: start, count: Self.lineLimit)
        guard !bytes.isEmpty else { return nil }
        move(to: start + Int64(bytes.count))
        return position.isSkipping ? nil : line(bytes[...], at: start)
    }

    /// Splits off whole lines from the place on and moves behind them. Lines alone that NUL bytes make, as truncation
    /// leaves them, are passed over.
    private mutating func split(_ bytes: [UInt8], from first: Int, limit: Int) -> [Line] {
        var lines: [Line] = []
        lines.reserveCapacity(min(limit, bytes.count / 64))
        var start = first
        let base = position.offset - Int64(first)
        while lines.count < limit, let end = lineEnd(bytes, from: start, base) {
            let line = line(bytes[start..<end], at: base + Int64(start))
            start = end + encoding.unit
            if position.isSkipping {
                position.isSkipping = false
            } else if let line {
                lines.append(line)
            }
        }
        var isHole = false
        if lines.count < limit, bytes.count - start >= Self.lineLimit {
            let holes = encoding == .bytes ? bytes[start...].prefix { $0 == 0 }.count : 0
            isHole = start + holes == bytes.count
            if holes > 0, !position.isSkipping || isHole {
                // Truncation left it, and a line begins behind it.
                start += holes
            } else {
                cut(bytes[start...], base, into: &lines)
                start = bytes.count
            }
        }
        if start > first { move(to: base + Int64(start), known: bytes[..<start]) }
        if isHole { passHole() }
        return lines
    }

    /// Goes to where the file holds something again: a hole costs nothing to make, whatever its length, and reading it does.
    private mutating func passHole() {
        // Taken first: what is written at the end meanwhile is behind it.
        let end = size
        let found = lseek(descriptor.rawValue, Int(position.offset), Self.seekData)
        guard found >= 0 || errno == ENXIO else { return }
        let next = found < 0 ? end : min(end, Int64(found))
        if next > position.offset { move(to: next) }
    }

    /// Where the next line break is.
    private func lineEnd(_ bytes: [UInt8], from start: Int, _ base: Int64) -> Int? {
        let isBig = encoding == .utf16BigEndian
        return unsafe bytes.withUnsafeBytes { raw in
            var index = start
            while let found = unsafe raw.first(UInt8(ascii: "\n"), from: index) {
                if encoding == .bytes { return found }
                // Half of another character otherwise.
                let other = isBig ? found - 1 : found + 1
                let isEven = (base + Int64(found)) & 1 == (isBig ? 1 : 0)
                if isEven, other >= start, other < raw.count, unsafe raw[other] == 0 { return min(found, other) }
                index = found + 1
            }
            return nil
        }
    }

    /// Takes the start of a line that is too long; the rest of it will be passed over.
    private mutating func cut(_ rest: ArraySlice<UInt8>, _ base: Int64, into lines: inout [Line]) {
        if !position.isSkipping, var line = line(rest.prefix(Self.lineLimit), at: base + Int64(rest.startIndex)) {
            line.isCut = true
            lines.append(line)
        }
        position.isSkipping = true
    }

    /// The line without its end; `nil` when nothing is left of it.
    private func line(_ bytes: ArraySlice<UInt8>, at offset: Int64) -> Line? {
        var text = offset == 0 ? bytes.dropFirst(mark) : bytes
        let isCut = text.count > Self.lineLimit
        text = text.prefix(Self.lineLimit)
        if encoding != .bytes { text = encoding.utf8(Array(text))[...] }
        if text.first == 0 { text = text.drop { $0 == 0 } }
        if !isCut, text.last == UInt8(ascii: "\r") { text.removeLast() }
        return text.isEmpty ? nil : Line(text: Array(text), offset: offset, isCut: isCut)
    }

    private mutating func move(to offset: Int64, known: ArraySlice<UInt8> = []) {
        let length = min(Int(offset), FilePosition.markerLimit)
        position.offset = offset
        if known.count >= length {
            position.marker = FileIdentity.Fingerprint(known.suffix(length))
        } else {
            position.marker = FileIdentity.Fingerprint(read(at: offset - Int64(length), count: length))
        }
    }

    /// Takes more of the file's start into its fingerprint, while it is short.
    private mutating func growHead() {
        guard position.identity.head.length < FileIdentity.headLimit else { return }
        growHead(by: read(at: 0, count: FileIdentity.headLimit))
    }

    private mutating func growHead(by start: [UInt8]) {
        // A file may be made with NUL bytes first, in whose place lines are written later.
        let end = start.prefix(FileIdentity.headLimit).lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
        let head = Array(start.prefix(end))
        guard head.count > position.identity.head.length else { return }
        position.identity.head = FileIdentity.Fingerprint(head)
        (encoding, mark) = Encoding.told(by: head)
    }

    /// Up to that many bytes; fewer at the end of the file, and when it cannot be read.
    private func read(at offset: Int64, count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let got = try? unsafe descriptor.read(fromAbsoluteOffset: offset + Int64(filled), into: rest)
                guard let got, got > 0 else { return }
                filled += got
            }
        }
    }

    private static func status(_ descriptor: FileDescriptor) -> stat? {
        var status = stat()
        return unsafe fstat(descriptor.rawValue, &status) == 0 ? status : nil
    }
}
