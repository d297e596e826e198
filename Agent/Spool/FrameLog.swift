package import CordonModel
internal import SystemPackage

/// A small durable list of byte strings in one file, such as results that the controller has not acknowledged: appended
/// to, read whole, rewritten whole. Damage costs the entries it lies in, never the others.
package actor FrameLog {
    private let folder: Folder
    private let name: String
    private let epoch: [UInt8]
    private nonisolated let queue: BlockingQueue
    private var file: File
    private var end: Int
    /// What is in the file, in order.
    package private(set) var entries: [[UInt8]]
    /// Whether some entries could not be read when it was opened.
    package nonisolated let wasDamaged: Bool

    /// Bytes of one entry.
    package static let entryLimit = 1 << 20

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe queue.asUnownedSerialExecutor() }

    /// Opens the file, or makes it, in a folder that is made if it is missing; waits for the disk. A file that is no
    /// frame log is kept aside as `NAME.damaged`.
    package init(folder path: String, name: String, surroundings: Surroundings) throws {
        folder = try Folder(FilePath(path))
        self.name = name
        queue = BlockingQueue(label: "cordon.framelog.\(name)")
        let opened = try Opened(folder, name, surroundings)
        epoch = opened.epoch
        file = opened.file
        end = opened.end
        entries = opened.entries
        wasDamaged = opened.damaged
    }

    deinit { file.close() }

    /// Puts one entry at the end; it is on the disk when this returns.
    package func append(_ entry: [UInt8]) throws {
        guard entry.count <= Self.entryLimit else {
            throw SpoolError(
                code: SpoolError.itemTooLarge,
                "An entry for \(name) has \(entry.count) bytes; \(Self.entryLimit) are allowed.",
                remedy: ""
            )
        }
        let bytes = Frame(sequence: UInt64(entries.count), payload: entry).bytes(epoch: epoch)
        do throws(SpoolError) {
            try file.write(bytes, at: end)
            try file.sync()
        } catch {
            try? file.resize(to: end)
            throw error
        }
        end += bytes.count
        entries.append(entry)
    }

    /// Puts these entries in the place of all, whole or not at all.
    package func rewrite(_ entries: [[UInt8]]) throws {
        var bytes = FileHeader(epoch: epoch, first: 0).bytes
        for (index, entry) in entries.enumerated() {
            bytes.append(contentsOf: Frame(sequence: UInt64(index), payload: entry).bytes(epoch: epoch))
        }
        try folder.replace(name, with: bytes)
        let fresh = try File.open(folder.path.appending(name), .readWrite)
        file.close()
        file = fresh
        end = bytes.count
        self.entries = entries
    }

    /// The file as it is found.
    private struct Opened {
        var epoch: [UInt8]
        var file: File
        var end = FileHeader.length
        var entries: [[UInt8]] = []
        var damaged = false

        init(_ folder: Folder, _ name: String, _ surroundings: Surroundings) throws(SpoolError) {
            let start = try folder.contents(name, limit: 1 << 30).map { Array($0.prefix(FileHeader.length)) }
            if let start, let header = FileHeader(start) {
                epoch = header.epoch
                file = try File.open(folder.path.appending(name), .readWrite)
                try readAll()
                return
            }
            if let start, !start.isEmpty {
                try folder.move(name, to: name + ".damaged")
                damaged = true
            }
            epoch = []
            for _ in 0..<2 { epoch.append(littleEndian: surroundings.random()) }
            try folder.replace(name, with: FileHeader(epoch: epoch, first: 0).bytes)
            file = try File.open(folder.path.appending(name), .readWrite)
        }

        private mutating func readAll() throws(SpoolError) {
            var reader = FrameReader(file, epoch: epoch, from: FileHeader.length, limit: FrameLog.entryLimit)
            while true {
                switch try reader.next() {
                case .frame(let frame, let damage):
                    damaged = damaged || damage
                    entries.append(frame.payload)
                    end = reader.offset
                case .end(let ending):
                    damaged = damaged || ending == .damaged
                    // Only a cut-off append is removed; damage stays where it is, and the next entry goes behind it.
                    if ending == .damaged { end = try file.size } else { try file.resize(to: end) }
                    return
                }
            }
        }
    }
}
