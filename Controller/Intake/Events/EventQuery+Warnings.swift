internal import CordonModel

extension EventQuery {
    /// One sentence for each field that no event of ours has by itself: a misspelt name finds nothing, and nothing says
    /// why. It is searched nonetheless, for fields outside the subset are kept.
    package var warnings: [String] {
        var seen: Set<String> = []
        return fields.filter { !FieldNames.known.contains($0) && seen.insert($0).inserted }.map { name in
            let shown = name.utf8.count <= FieldNames.longest ? name : "\(name.prefix(FieldNames.longest))…"
            let nearest = FieldNames.nearest(to: name).map { "; did you mean \($0)?" } ?? "."
            return "\(shown) is not of the documented fields\(nearest)"
        }
    }

    /// The fields that are named, in order.
    private var fields: [String] {
        switch self {
        case .everything, .words: []
        case .all(let parts), .any(let parts): parts.flatMap(\.fields)
        case .not(let part): part.fields
        case .field(let name, _): [name]
        }
    }
}

/// The names that `Documentation/events.md` promises.
enum FieldNames {
    /// Bytes of a name for which one near it is looked for.
    static let longest = 64

    /// The subset, and what every event has besides.
    static let known: Set<String> = Set(
        ECSField.allCases.map(\.rawValue) + ["@timestamp", "event.created", "event.original"])

    private static let sorted = known.sorted()

    /// The documented name that was probably meant: the one whose end it is, or that differs in the fewest letters, where
    /// those are less than half of them.
    static func nearest(to name: String) -> String? {
        guard (1...longest).contains(name.utf8.count) else { return nil }
        let name = name.lowercased()
        let end = sorted.filter { $0.hasSuffix(".\(name)") }.min { $0.utf8.count < $1.utf8.count }
        if let end { return end }
        let near = sorted.map { (name: $0, distance: distance(Array(name.utf8), Array($0.utf8))) }
            .min { $0.distance < $1.distance }
        return near.flatMap { 2 * $0.distance < max(name.utf8.count, $0.name.utf8.count) ? $0.name : nil }
    }

    /// Bytes to put in, take out or change (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let changed = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j + 1] + 1, row[j] + 1)
            }
        }
        return row[right.count]
    }
}
