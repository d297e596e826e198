internal import CordonScan

/// The position of a source that follows files: for each log its path, and how far its files were read.
enum FilePlaces {
    struct Place {
        var path: String
        var files: [FilePosition]
        /// Where files ended that were let go lately.
        var finished: [FilePosition] = []
    }

    static func json(_ log: FollowedLog) -> JSONValue {
        [
            "path": .text(log.name), "files": .array(log.positions.map(\.json)),
            "finished": .array(log.finishedLately.map(\.json)),
        ]
    }

    static func json(_ logs: [JSONValue]) -> JSONValue { ["logs": .array(logs)] }

    /// What the position says; where it is that of one file, as it was kept before there were patterns, the path's.
    static func places(_ position: JSONValue?, path: String) -> [Place] {
        if let files = position?["files"]?.array {
            return [Place(path: path, files: files.compactMap { FilePosition($0) })]
        }
        let logs = position?["logs"]?.array ?? []
        return logs.prefix(FileGlob.limit).compactMap { log in
            guard let path = log["path"]?.text else { return nil }
            return Place(path: path, files: positions(log["files"]), finished: positions(log["finished"]))
        }
    }

    private static func positions(_ json: JSONValue?) -> [FilePosition] {
        json?.array?.compactMap { FilePosition($0) } ?? []
    }

    /// Whether the path is what a rotation makes of one of the logs: `auth.log.1`, `auth.log-20261121`, `auth.log.2.gz`.
    static func isRotated(_ path: String, among logs: Set<String>) -> Bool {
        if [".gz", ".xz", ".bz2", ".zst", ".lz4"].contains(where: { path.hasSuffix($0) }) { return true }
        var end = path.utf8.endIndex
        while let mark = path.utf8[..<end].lastIndex(where: { marks.contains($0) }) {
            let after = path.utf8.index(after: mark)
            let isNumbered =
                after < path.utf8.endIndex && path.utf8[after].isDigit || path.utf8[after...].elementsEqual("old".utf8)
            if isNumbered, logs.contains(String(path[..<mark])) { return true }
            end = mark
        }
        return false
    }

    private static let marks: [UInt8] = [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~")]
}
