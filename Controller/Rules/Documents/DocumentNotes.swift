/// What is wrong with one document, and what is doubtful in it: one fault does not hide the next.
struct DocumentNotes {
    /// Faults that are kept of one document.
    static let most = 100

    private(set) var faults: [RuleFault] = []
    private(set) var warnings: [RuleFault] = []

    mutating func fault(_ fault: RuleFault) {
        if faults.count < Self.most { faults.append(fault) }
    }

    mutating func warn(_ more: [RuleFault]) { warnings += more }

    /// What was read; `nil`, and a fault noted, where it could not be.
    @discardableResult
    mutating func attempt<Value>(_ read: @autoclosure () throws(RuleFault) -> Value) -> Value? {
        do throws(RuleFault) { return try read() } catch {
            fault(error)
            return nil
        }
    }
}

/// Why one document is no usable rule: one reason at least.
struct RuleFaults: Error {
    let all: [RuleFault]
}
