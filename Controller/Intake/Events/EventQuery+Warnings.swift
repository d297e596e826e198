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
    static let longest = NearestName.longest

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
        return NearestName.to(name, among: sorted)
    }
}
