internal import CordonModel
internal import CordonWire

/// What was refused since the start, by action and rule. Nothing goes out of it again, so that a controller that was taken
/// over cannot have it forgotten, whatever else it asks for.
struct Refusals {
    /// The last counts what is of none of the others.
    static let most = 64

    private(set) var notices: [Cordon_V1_Notice] = []

    /// - Parameter action: `nil` for an order that was not genuine.
    mutating func note(_ action: ActionKind?, _ rule: String, at now: Timestamp) {
        let text = "\(action?.rawValue ?? "an order that is not genuine"), by \(rule.bounded(200))"
        let place = notices.firstIndex { $0.text == text } ?? other(text, at: now)
        if notices[place].count < .max { notices[place].count += 1 }
        notices[place].lastUs = now.microseconds
    }

    /// Where one that is not told yet is counted.
    private mutating func other(_ text: String, at now: Timestamp) -> Int {
        guard notices.count < Self.most else { return notices.count - 1 }
        var notice = Cordon_V1_Notice()
        notice.kind = .refused
        notice.text = notices.count < Self.most - 1 ? text : "others"
        notice.firstUs = now.microseconds
        notices.append(notice)
        return notices.count - 1
    }
}
