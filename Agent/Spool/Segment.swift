/// One file of the spool: a header, then frames whose sequence numbers rise.
struct Segment: Sendable {
    let itemClass: SpoolClass
    /// The sequence number of its first frame.
    let first: UInt64
    /// Bytes of it that count.
    var size: Int

    /// Of the file, as `security-000000000000002a.seg`.
    var name: String {
        let digits = String(first, radix: 16)
        return "\(itemClass.name)-\(String(repeating: "0", count: 16 - digits.utf8.count))\(digits)\(Self.suffix)"
    }

    private static let suffix = ".seg"

    init(_ itemClass: SpoolClass, first: UInt64, size: Int) {
        self.itemClass = itemClass
        self.first = first
        self.size = size
    }

    /// The segment that a file's name says; `nil` for other files.
    init?(name: String, size: Int) {
        guard name.hasSuffix(Self.suffix), let dash = name.firstIndex(of: "-"),
            let itemClass = SpoolClass.allCases.first(where: { $0.name == name[..<dash] })
        else { return nil }
        let digits = name[name.index(after: dash)...].dropLast(Self.suffix.count)
        guard digits.utf8.count == 16, let first = UInt64(digits, radix: 16) else { return nil }
        self.init(itemClass, first: first, size: size)
    }
}
