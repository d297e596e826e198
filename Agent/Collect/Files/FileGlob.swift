internal import SystemPackage

/// A path whose parts may hold `*` (any characters), `?` (one) and `[a-z]`, `[!a-z]` (one of them): the shell's words
/// without `**` and braces. Names that start with a dot are matched only by a part that does.
struct FileGlob: Sendable, Hashable {
    /// As it was written.
    let text: String
    private let parts: [[UInt8]]
    private let isAbsolute: Bool

    /// Files that one pattern may lead to; folders that are looked into on the way.
    static let limit = 1000

    init(_ text: String) {
        self.text = text
        isAbsolute = text.hasPrefix("/")
        parts = text.split(separator: "/").map { Array($0.utf8) }
    }

    /// Whether it is a pattern at all; otherwise it is the path of one file, that need not be there.
    var isPattern: Bool { parts.contains { Self.isPattern($0) } }

    /// What is there now, in order; `isWhole` is false when there is more than `limit`.
    func paths() -> (paths: [String], isWhole: Bool) {
        var found = [isAbsolute ? "/" : ""]
        var isWhole = true
        for part in parts {
            var next: [String] = []
            for folder in found {
                guard next.count <= Self.limit else { break }
                next += Self.step(folder, part)
            }
            if next.count > Self.limit { isWhole = false }
            found = Array(next.sorted().prefix(Self.limit))
        }
        return (found, isWhole)
    }

    /// The folders in which new names can appear: those that the pattern's last part is looked for in.
    func folders() -> [String] {
        guard let last = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ["."] }
        let folder = String(text[..<last])
        return folder.isEmpty ? ["/"] : FileGlob(folder).paths().paths
    }

    private static func step(_ folder: String, _ part: [UInt8]) -> [String] {
        let prefix = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
        guard isPattern(part) else { return [prefix + String(decoding: part, as: UTF8.self)] }
        return FolderListing.names(FilePath(folder.isEmpty ? "." : folder))
            .filter { matches(part[...], Array($0.utf8)[...]) }.map { prefix + $0 }
    }

    private static func isPattern(_ part: [UInt8]) -> Bool {
        part.contains { [UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "[")].contains($0) }
    }

    // MARK: - Matching

    /// Whether the name fits. Goes back to the last `*` only, so that no name makes it slow.
    static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        if name.first == UInt8(ascii: "."), pattern.first != UInt8(ascii: ".") { return false }
        var (pattern, name) = (pattern, name)
        var retry: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern.removeFirst()
                retry = (pattern, name)
            } else if let byte = name.first, take(byte, off: &pattern) {
                name.removeFirst()
            } else if name.isEmpty, pattern.isEmpty {
                return true
            } else if let last = retry, !last.name.isEmpty {
                retry = (last.pattern, last.name.dropFirst())
                (pattern, name) = (last.pattern, last.name.dropFirst())
            } else {
                return false
            }
        }
    }

    /// Takes what fits one byte off the pattern; leaves it when nothing does.
    private static func take(_ byte: UInt8, off pattern: inout ArraySlice<UInt8>) -> Bool {
        switch pattern.first {
        case nil: return false
        case UInt8(ascii: "?"): break
        case UInt8(ascii: "["):
            guard let set = set(pattern) else { fallthrough }
            guard set.holds(byte) else { return false }
            pattern = pattern[set.end...]
            return true
        default: guard pattern.first == byte else { return false }
        }
        pattern.removeFirst()
        return true
    }

    /// `[…]` at the pattern's start; `nil` when it is not closed, and then a bracket is a bracket.
    private static func set(_ pattern: ArraySlice<UInt8>) -> ByteSet? {
        var rest = pattern.dropFirst()
        let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
        if isNegated { rest.removeFirst() }
        // A closing bracket that comes first is one of the set.
        guard let first = rest.indices.first,
            let end = rest[(first + 1)...].firstIndex(of: UInt8(ascii: "]"))
        else { return nil }
        return ByteSet(members: rest[..<end], isNegated: isNegated, end: end + 1)
    }

    private struct ByteSet {
        var members: ArraySlice<UInt8>
        var isNegated: Bool
        var end: Int

        func holds(_ byte: UInt8) -> Bool {
            var rest = members
            while let low = rest.popFirst() {
                guard rest.first == UInt8(ascii: "-"), rest.count >= 2 else {
                    if low == byte { return !isNegated }
                    continue
                }
                rest.removeFirst()
                if let high = rest.popFirst(), low <= high, (low...high).contains(byte) { return !isNegated }
            }
            return isNegated
        }
    }
}
