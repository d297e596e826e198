internal import CordonModel

extension Condition {
    /// Why a condition has no answer. Not the same as `false`: a playbook that cannot know must not go on as if it
    /// did.
    struct EvaluationError: Error, Hashable {
        let message: String
    }

    /// Whether the condition holds.
    /// - Throws: ``EvaluationError`` for a variable that is not defined or has no value, and for values that cannot
    ///   be compared.
    func holds(_ variables: [String: Variable]) throws(EvaluationError) -> Bool {
        switch self {
        case .or(let left, let right):
            // Both sides are looked at: a condition with an error has no answer, whatever stands beside it.
            let sides = (try left.holds(variables), try right.holds(variables))
            return sides.0 || sides.1
        case .and(let left, let right):
            let sides = (try left.holds(variables), try right.holds(variables))
            return sides.0 && sides.1
        case .exists(let name, let negated): return (variables[name]?.value != nil) != negated
        case .truth(let name): return try Comparand.variable(name, variables).truth()
        case .compare(let left, let operation, let right, let negated):
            let answer = try Comparand(left, variables).compare(operation, with: Comparand(right, variables))
            return answer != negated
        case .within(let left, let set, let negated):
            let value = try Comparand(left, variables)
            var found = false
            for member in set where try value.isMember(Comparand(member, variables)) { found = true }
            return found != negated
        }
    }
}

/// One side of a comparison: text and what it is known to be.
private struct Comparand {
    typealias Failure = Condition.EvaluationError

    let text: String
    /// `nil` for a literal whose type follows from the other side.
    let type: VariableType?

    init(_ operand: Condition.Operand, _ variables: [String: Variable]) throws(Failure) {
        switch operand {
        case .variable(let name): self = try Self.variable(name, variables)
        case .text(let text), .bare(let text): self.init(text: text, type: nil)
        case .number(let text): self.init(text: text, type: nil)
        case .flag(let flag): self.init(text: flag ? "true" : "false", type: nil)
        case .tagged("h", let text): self.init(text: text, type: .hexstring)
        case .tagged(_, let text): self.init(text: text, type: nil)
        }
    }

    private init(text: String, type: VariableType?) {
        self.text = text
        self.type = type
    }

    static func variable(_ name: String, _ variables: [String: Variable]) throws(Failure) -> Comparand {
        guard let variable = variables[name] else { throw Failure(message: "the variable \(name) is not defined") }
        guard let value = variable.value else { throw Failure(message: "the variable \(name) has no value") }
        return Comparand(text: value, type: variable.type)
    }

    func truth() throws(Failure) -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw Failure(message: "“\(text.prefix(60))” is neither true nor false")
        }
    }

    func compare(_ operation: Condition.Operator, with other: Comparand) throws(Failure) -> Bool {
        switch operation {
        case .like: return Wildcard(other.text).matches(text)
        case .matches: throw Failure(message: "MATCHES is not evaluated by this version")
        case .isSubset: return try Self.contains(other.network(), self.network())
        case .isSuperset: return try Self.contains(self.network(), other.network())
        case .equal: return try order(other).isEqual
        case .notEqual: return try !order(other).isEqual
        case .less: return try order(other).ordered() < 0
        case .lessOrEqual: return try order(other).ordered() <= 0
        case .greater: return try order(other).ordered() > 0
        case .greaterOrEqual: return try order(other).ordered() >= 0
        }
    }

    /// Equal to the member, or an address inside it.
    func isMember(_ member: Comparand) throws(Failure) -> Bool {
        if isAddress || (type ?? .string) == .string && member.text.contains("/") && AddressRange(text) != nil {
            return try Self.contains(member.network(), network())
        }
        return try compare(.equal, with: member)
    }

    private var isAddress: Bool { type == .ipv4 || type == .ipv6 }

    private func network() throws(Failure) -> Network {
        guard let range = AddressRange(text) else {
            throw Failure(message: "“\(text.prefix(60))” is no address or network")
        }
        return range.network
    }

    private static func contains(_ outer: Network, _ inner: Network) -> Bool {
        outer.prefix <= inner.prefix && outer.contains(inner.address)
    }

    /// How the two stand to each other, by the type that is known of either.
    private func order(_ other: Comparand) throws(Failure) -> Order {
        let type = self.type ?? other.type ?? .string
        switch type {
        case .bool: return Order(isEqual: try boolean() == other.boolean(), sign: nil)
        case .integer, .long, .float: return try numeric(other)
        case .ipv4, .ipv6: return Order(isEqual: try network() == other.network(), sign: nil)
        case .mac: return try folded(other, "mac-addr") { VariableType.hexadecimal($0, dropping: ":-") }
        case .hexstring, .hash, .md5, .sha256:
            return try folded(other, type.rawValue) { VariableType.hexadecimal($0) }
        case .uuid: return try folded(other, "uuid") { UUIDv7($0)?.description }
        case .dictionary: throw Failure(message: "a dictionary cannot be compared")
        default:
            return Order(isEqual: text == other.text, sign: text == other.text ? 0 : text < other.text ? -1 : 1)
        }
    }

    private func boolean() throws(Failure) -> Bool {
        switch text {
        case "true", "1": return true
        case "false", "0": return false
        default: throw Failure(message: "“\(text.prefix(60))” is neither true nor false")
        }
    }

    private func numeric(_ other: Comparand) throws(Failure) -> Order {
        if let left = Int64(text), let right = Int64(other.text) {
            return Order(isEqual: left == right, sign: left == right ? 0 : left < right ? -1 : 1)
        }
        guard let left = Double(text), let right = Double(other.text), left.isFinite, right.isFinite else {
            throw Failure(message: "“\(text.prefix(60))” and “\(other.text.prefix(60))” are not both numbers")
        }
        return Order(isEqual: left == right, sign: left == right ? 0 : left < right ? -1 : 1)
    }

    private func folded(
        _ other: Comparand, _ name: String, _ fold: (String) -> String?
    ) throws(Failure) -> Order {
        guard let left = fold(text), let right = fold(other.text) else {
            throw Failure(message: "“\(text.prefix(60))” and “\(other.text.prefix(60))” are not both of type \(name)")
        }
        return Order(isEqual: left == right, sign: nil)
    }

    private struct Order {
        let isEqual: Bool
        /// Below, at or above zero; `nil` where the type has no order.
        let sign: Int?

        func ordered() throws(Failure) -> Int {
            guard let sign else { throw Failure(message: "values of this type have no order") }
            return sign
        }
    }
}

/// An address or network as conditions write it: host bits may be set (`2001:db8::1/64`).
struct AddressRange {
    let network: Network

    init?(_ text: String) {
        if let network = Network(text) {
            self.network = network
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...3).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let address = IPAddress(parts[0]), let prefix = Int(parts[1]),
            let network = Network(address, prefix: prefix)
        else { return nil }
        self.network = network
    }
}

/// A pattern of `LIKE`: `%` for any characters, `_` for one (STIX 2.1 §9.6.1).
struct Wildcard {
    private let pattern: [Unicode.Scalar]

    init(_ pattern: String) { self.pattern = Array(pattern.unicodeScalars) }

    /// Whether the whole text matches; at most length × length steps.
    func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var (at, place) = (0, 0)
        var retry: (at: Int, place: Int)?
        while at < scalars.count {
            if place < pattern.count, pattern[place] == "%" {
                retry = (at, place)
                place += 1
            } else if place < pattern.count, pattern[place] == "_" || pattern[place] == scalars[at] {
                at += 1
                place += 1
            } else if let last = retry {
                retry = (last.at + 1, last.place)
                (at, place) = (last.at + 1, last.place + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == "%" }
    }
}
