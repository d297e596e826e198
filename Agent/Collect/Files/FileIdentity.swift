internal import CordonModel
internal import CordonScan

/// By what a file is known again: the kernel's number for it, how it starts, and what stands before the place that was
/// read to.
///
/// Numbers are given to new files when old ones go, and logs are copied and truncated in place, so that none of the
/// three is enough.
struct FileIdentity: Sendable, Hashable {
    var device: UInt64
    var inode: UInt64
    /// The first bytes, at most `headLimit`; grows with the file.
    var head: Fingerprint

    static let headLimit = 256

    /// How some bytes look: their number and a 64-bit sum (FNV-1a). Not for secrets: it tells files apart that nobody
    /// forges to be alike.
    struct Fingerprint: Sendable, Hashable {
        var length: Int
        var sum: UInt64

        init(length: Int, sum: UInt64) {
            self.length = length
            self.sum = sum
        }

        init(_ bytes: some Collection<UInt8>) {
            length = bytes.count
            sum = bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }

        /// Whether the bytes, which may be more, start like this.
        func matches(_ bytes: ArraySlice<UInt8>) -> Bool {
            bytes.count >= length && Fingerprint(bytes.prefix(length)) == self
        }
    }
}

/// How far one file was read.
struct FilePosition: Sendable, Hashable {
    var identity: FileIdentity
    /// The first byte that was not delivered.
    var offset: Int64
    /// The bytes before the offset, at most `markerLimit`.
    var marker: FileIdentity.Fingerprint
    /// Inside a line that is too long: the rest of it is passed over.
    var isSkipping = false
    /// When the file was written to last, as it was read: what was the log later has a later time. Nanoseconds since the
    /// Unix epoch; absent in positions that older agents kept.
    var modified: Int64?

    static let markerLimit = 64

    var json: JSONValue {
        [
            "device": .text(String(identity.device)), "inode": .text(String(identity.inode)),
            "head_length": .integer(Int64(identity.head.length)), "head": .text(String(identity.head.sum, radix: 16)),
            "offset": .integer(offset), "marker_length": .integer(Int64(marker.length)),
            "marker": .text(String(marker.sum, radix: 16)), "skipping": .flag(isSkipping),
            "modified": modified.map { .integer($0) } ?? .null,
        ]
    }

    init(identity: FileIdentity, offset: Int64, marker: FileIdentity.Fingerprint, modified: Int64?) {
        self.identity = identity
        self.offset = offset
        self.marker = marker
        self.modified = modified
    }

    /// `nil` for what is no position.
    init?(_ json: JSONValue) {
        guard let device = json["device"]?.text.flatMap({ UInt64($0) }),
            let inode = json["inode"]?.text.flatMap({ UInt64($0) }),
            let head = Self.fingerprint(json, "head", FileIdentity.headLimit),
            let marker = Self.fingerprint(json, "marker", Self.markerLimit),
            let offset = json["offset"]?.integer, offset >= Int64(marker.length)
        else { return nil }
        identity = FileIdentity(device: device, inode: inode, head: head)
        self.offset = offset
        self.marker = marker
        isSkipping = json["skipping"]?.flag ?? false
        modified = json["modified"]?.integer
    }

    private static func fingerprint(_ json: JSONValue, _ name: String, _ limit: Int) -> FileIdentity.Fingerprint? {
        guard let length = json[name + "_length"]?.integer, (0...Int64(limit)).contains(length),
            let sum = json[name]?.text.flatMap({ UInt64($0, radix: 16) })
        else { return nil }
        return FileIdentity.Fingerprint(length: Int(length), sum: sum)
    }
}
