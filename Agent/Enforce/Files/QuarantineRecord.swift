internal import AgentNetlink
internal import CordonModel

/// What is written down beside a kept file: enough to put it back, and to go on after a crash.
struct QuarantineRecord: Equatable {
    /// How far it has come.
    enum State: UInt8 {
        /// The copy is complete; the original is where it was, or under its hidden name.
        case taking = 1
        /// The copy is what there is.
        case held = 2
        /// The file is written anew beside its place, or in it.
        case restoring = 3
        /// The original is to be removed, and nothing kept.
        case deleting = 4
    }

    var state: State
    let id: UUIDv7
    let path: String
    let takenAt: Timestamp
    let identity: FileStatus.Identity
    let links: UInt64
    let sum: SealedCopy.Sum
    let metadata: FileMetadata
    /// The inode of the file written anew, while it is put back.
    var restoredInode: UInt64 = 0

    /// The name that the original has in its folder while it is taken away, and a new one until it is complete.
    var hiddenName: String { Self.hiddenName(id) }

    static func hiddenName(_ id: UUIDv7) -> String { ".cordon-\(id)" }

    /// Writes it in the place of an earlier one; it is on the disk when it returns.
    func write(to path: String) throws(EnforceError) { try RecordFile.write(bytes, to: path) }

    /// Reads it; `nil` when it is damaged or not there.
    static func read(_ path: String) -> QuarantineRecord? {
        RecordFile.read(path).flatMap { QuarantineRecord(bytes: $0[...]) }
    }

    private static let version: UInt8 = 1

    private var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(Self.version)
        writer.put(state.rawValue)
        writer.put(id.bytes)
        writer.put(text: path)
        for number in [
            takenAt.microseconds, Int64(bitPattern: identity.inode), identity.size, identity.modified.seconds,
            identity.modified.nanoseconds, Int64(bitPattern: links), sum.size, Int64(bitPattern: restoredInode),
            Int64(metadata.mode), Int64(metadata.user), Int64(metadata.group), metadata.accessed.seconds,
            metadata.accessed.nanoseconds, metadata.modified.seconds, metadata.modified.nanoseconds,
            metadata.flags.map(Int64.init) ?? -1,
        ] { writer.put(number) }
        writer.put(sum.sha256)
        for attribute in metadata.attributes {
            writer.put(text: attribute.name)
            writer.put(attribute.value)
        }
        return writer.bytes
    }

    private init?(bytes: ArraySlice<UInt8>) {
        var reader = RecordReader(bytes)
        guard reader.byte() == Self.version, let state = reader.byte().flatMap(State.init(rawValue:)),
            let id = reader.bytes().flatMap({ UUIDv7(bytes: $0) }), let path = reader.text()
        else { return nil }
        let numbers = (0..<16).compactMap { _ in reader.number() }
        guard numbers.count == 16, let sha256 = reader.bytes(), sha256.count == 32,
            let mode = UInt32(exactly: numbers[8]), let user = UInt32(exactly: numbers[9]),
            let group = UInt32(exactly: numbers[10])
        else { return nil }
        var attributes: [FileMetadata.Attribute] = []
        while !reader.isAtEnd {
            guard let name = reader.text(), let value = reader.bytes() else { return nil }
            attributes.append(FileMetadata.Attribute(name: name, value: value))
        }
        self.state = state
        self.id = id
        self.path = path
        takenAt = Timestamp(microseconds: numbers[0])
        identity = FileStatus.Identity(
            inode: UInt64(bitPattern: numbers[1]), size: numbers[2],
            modified: FileStatus.Instant(seconds: numbers[3], nanoseconds: numbers[4]))
        links = UInt64(bitPattern: numbers[5])
        sum = SealedCopy.Sum(sha256: sha256, size: numbers[6])
        restoredInode = UInt64(bitPattern: numbers[7])
        metadata = FileMetadata(
            mode: mode, user: user, group: group,
            accessed: FileStatus.Instant(seconds: numbers[11], nanoseconds: numbers[12]),
            modified: FileStatus.Instant(seconds: numbers[13], nanoseconds: numbers[14]),
            attributes: attributes, flags: UInt32(exactly: numbers[15]))
    }

    init(
        _ state: State, _ id: UUIDv7, of file: OpenedFile, _ sum: SealedCopy.Sum, _ metadata: FileMetadata,
        at instant: Timestamp
    ) {
        self.state = state
        self.id = id
        path = file.path
        takenAt = instant
        identity = file.status.identity
        links = file.status.links
        self.sum = sum
        self.metadata = metadata
    }
}
