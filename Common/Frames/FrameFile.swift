internal import CLinux
package import SystemPackage

/// An append-only file of frames: what was appended is on the disk, all of one call or nothing of it; what was not wholly
/// written is cut off when it is opened; damage costs the entries it lies in, never those behind it.
///
/// A reserve may be kept allocated behind the end, for entries that must not fail when the disk is full.
package struct FrameFile: ~Copyable {
    /// Longest content of an entry, in bytes.
    package static let entryLimit = 1 << 20

    private let file: File
    private let epoch: [UInt8]
    private let reserve: Int
    private var found: Found

    /// Bytes of the file that count.
    package var length: Int { found.length }
    /// Whether some entries could not be read when it was opened.
    package var wasDamaged: Bool { found.isDamaged }

    /// What reading the file told.
    private struct Found {
        var length = FileHeader.length
        var nextSequence: UInt64 = 1
        var isDamaged = false
    }

    /// Opens or makes the file, and hands every whole entry to the closure, in order; waits for the disk.
    /// - Parameters:
    ///   - reserve: Bytes kept allocated behind the end; urgent entries may use them.
    ///   - random: For the epoch of a file that is new.
    /// - Throws: `FrameError`; `frames.foreign` for a file that is no file of frames. It is not touched.
    package init(
        _ path: FilePath, reserve: Int = 0, random: () -> UInt64 = { .random(in: .min ... .max) },
        read: (ArraySlice<UInt8>) -> Void
    ) throws(FrameError) {
        let opened = try Self.open(path, random, read)
        file = opened.file
        epoch = opened.epoch
        found = opened.found
        self.reserve = reserve
    }

    private static func open(
        _ path: FilePath, _ random: () -> UInt64, _ read: (ArraySlice<UInt8>) -> Void
    ) throws(FrameError) -> (file: File, epoch: [UInt8], found: Found) {
        let file = try File.open(path, .readWrite, options: [.create])
        do throws(FrameError) {
            let epoch = try begin(file, random)
            let found = try readAll(file, epoch, read)
            try file.resize(to: found.length)
            try file.sync()
            return (file, epoch, found)
        } catch {
            file.close()
            throw error
        }
    }

    /// The epoch of the file; one that is new gets its header.
    private static func begin(_ file: File, _ random: () -> UInt64) throws(FrameError) -> [UInt8] {
        let start = try file.read(at: 0, count: FileHeader.length)
        if let header = FileHeader(start) { return header.epoch }
        // A header that was cut off: nothing was ever behind it.
        guard start.count < FileHeader.length, FileHeader.isBeginning(start) else {
            throw FrameError(
                code: FrameError.foreign,
                "\(file.path.string) is not one of our files, or its beginning is damaged.",
                remedy: "Move it aside; nothing of it is deleted.")
        }
        var epoch: [UInt8] = []
        for _ in 0..<2 { epoch.append(littleEndian: random()) }
        try file.resize(to: 0)
        try file.write(FileHeader(epoch: epoch, first: 1).bytes, at: 0)
        return epoch
    }

    deinit { file.close() }

    private static func readAll(
        _ file: File, _ epoch: [UInt8], _ read: (ArraySlice<UInt8>) -> Void
    ) throws(FrameError) -> Found {
        var reader = FrameReader(file, epoch: epoch, from: FileHeader.length, limit: entryLimit)
        var found = Found()
        while true {
            switch try reader.next() {
            case .frame(let frame, let damage):
                found.isDamaged = found.isDamaged || damage
                read(frame.payload[...])
                found.nextSequence = frame.sequence &+ 1
                found.length = reader.offset
            case .end(.damaged):
                found.isDamaged = true
                // What cannot be read stays where it is, and the next entry goes behind it.
                found.length = try file.size
                return found
            case .end: return found
            }
        }
    }

    /// Appends entries, all or none. They are on the disk when it returns, unless `durably` is false. `urgent` ones may
    /// use the reserve.
    package mutating func append(
        _ contents: [[UInt8]], durably: Bool = true, urgent: Bool = false
    ) throws(FrameError) {
        var bytes: [UInt8] = []
        var sequence = found.nextSequence
        for content in contents {
            guard content.count <= Self.entryLimit else {
                throw FrameError(
                    code: "frames.entry_too_large",
                    "An entry for \(file.path.string) has \(content.count) bytes; \(Self.entryLimit) are allowed.",
                    remedy: "")
            }
            bytes.append(contentsOf: Frame(sequence: sequence, payload: content).bytes(epoch: epoch))
            sequence &+= 1
        }
        if !urgent, reserve > 0 { try allocate(bytes.count + reserve) }
        do throws(FrameError) {
            try file.write(bytes, at: length)
            if durably { try file.sync() }
        } catch {
            // Half a write must not stay: the next one goes to the same place.
            try? file.resize(to: length)
            throw error
        }
        found.length += bytes.count
        found.nextSequence = sequence
    }

    /// Allocates room behind the end. File systems that cannot allocate ahead have no reserve.
    private func allocate(_ count: Int) throws(FrameError) {
        let errno = Errno(rawValue: -clinux_reserve(file.descriptor.rawValue, Int64(length), Int64(count)))
        if errno == .noSpace || errno == .diskQuotaExceeded { throw FrameError("make room in", file.path, errno) }
    }

    /// Puts a file with these entries alone in the place of the one at the path, whole or not at all.
    package static func replace(_ path: FilePath, with contents: [[UInt8]]) throws(FrameError) {
        let parent = path.removingLastComponent()
        let folder = try Folder(parent.isEmpty ? "." : parent)
        let name = path.lastComponent?.string ?? ""
        try folder.remove(name + ".new")
        do throws(FrameError) {
            var fresh = try FrameFile(folder.path.appending(name + ".new")) { _ in }
            try fresh.append(contents)
        } catch {
            try? folder.remove(name + ".new")
            throw error
        }
        try folder.move(name + ".new", to: name)
        try folder.sync()
    }
}
