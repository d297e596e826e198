/// The name that somebody probably meant who wrote one that there is not.
package enum NearestName {
    /// Bytes of a name for which one near it is looked for.
    package static let longest = 64

    /// Of the names the one that differs in the fewest letters, whatever their case, where those are less than half of
    /// them; of several the first. `nil` where none is near, and for a name that is empty or too long.
    package static func to(_ name: String, among names: some Sequence<String>) -> String? {
        guard (1...longest).contains(name.utf8.count) else { return nil }
        let letters = Array(name.lowercased().utf8)
        let near = names.map { (name: $0, distance: distance(letters, Array($0.lowercased().utf8))) }
            .min { $0.distance < $1.distance }
        return near.flatMap { 2 * $0.distance < max(letters.count, $0.name.utf8.count) ? $0.name : nil }
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
