/// The WHERE of a query whose conditions are known at run time; numbers the placeholders as they come.
struct Conditions {
    private var clauses: [String] = []
    private(set) var values: [(any Bindable)?] = []

    /// Adds a condition unless the value is `nil`. `$` in the text stands for the value.
    mutating func add(_ clause: String, _ value: (any Bindable)?) {
        guard let value else { return }
        clauses.append(
            clause.split(separator: "$", maxSplits: 1, omittingEmptySubsequences: false).joined(separator: next(value)))
    }

    /// Adds `column IN (…)` unless the list is empty.
    mutating func add(_ column: String, in list: [any Bindable]) {
        guard !list.isEmpty else { return }
        clauses.append("\(column) IN (\(list.map { next($0) }.joined(separator: ", ")))")
    }

    /// The placeholder of one more value, for LIMIT and the like.
    mutating func next(_ value: any Bindable) -> String {
        values.append(value)
        return "$\(values.count)"
    }

    /// `WHERE …`, or nothing.
    var text: String { clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND ") }
}
