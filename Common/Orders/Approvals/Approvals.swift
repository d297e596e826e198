package import CordonModel
package import CordonWire
internal import FoundationEssentials

/// What the approvals that an order carries amount to.
package struct Approvals: Sendable, Equatable {
    /// People whose signature holds, each once, in the order of their names.
    package let people: [String]
    /// How many signatures the order carries, good or not.
    package let carried: Int
    /// Signatures by keys that are not listed, or not believed any more.
    package let unknown: Int

    /// None: what nobody signed.
    package static let none = Approvals()

    private init() { (people, carried, unknown) = ([], 0, 0) }

    /// Signatures that one order may carry.
    package static let most = 16

    /// Looks at every signature of the order.
    /// - Throws: ``Forged`` for one that is said to be by a listed key and is not: nobody makes that by mistake.
    package init(of signed: Cordon_V1_SignedOrder, by approvers: [Approver], at now: Timestamp) throws(Forged) {
        let order = [UInt8](signed.order)
        guard signed.approvals.count <= Self.most else { throw Forged(person: nil, why: "there are too many") }
        var found: Set<String> = []
        var unknown = 0
        for approval in signed.approvals.map(\.model) {
            guard let approver = approvers.first(where: { $0.id == approval.keyID }) else {
                unknown += 1
                continue
            }
            do throws(ApprovalFault) { try approver.check(approval, of: order) } catch {
                throw Forged(person: approver.person, why: error.why)
            }
            guard approver.isBelieved(at: now) else {
                unknown += 1
                continue
            }
            found.insert(approver.person)
        }
        people = found.sorted()
        carried = signed.approvals.count
        self.unknown = unknown
    }

    /// A signature that claims to be a person's and is not.
    package struct Forged: Error, Sendable {
        /// Whose it claims to be; `nil` where there are too many to look at.
        package let person: String?
        /// Why it is not that person's, as the rest of a sentence.
        package let why: String
    }
}

/// What a host answers to an order that waits for people: neither refused for good nor remembered, so that the same order
/// can come again with their signatures.
package struct AwaitedApprovals: Sendable, Equatable {
    /// Signatures that the order carried when the host looked.
    package let carried: Int
    /// People whose signature is needed.
    package let needed: Int

    package init(carried: Int, needed: Int) {
        self.carried = carried
        self.needed = needed
    }

    private static let word = "awaits approvals"

    /// As the result of an order says it: `awaits approvals: 1 carried, 2 needed`.
    package var rule: String { "\(Self.word): \(carried) carried, \(needed) needed" }

    /// Reads what ``rule`` says; `nil` for any other rule.
    package init?(rule: String) {
        let parts = rule.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, parts[0] == Self.word else { return nil }
        let words = parts[1].split(whereSeparator: { $0 == " " || $0 == "," })
        guard words.count == 4, let carried = Int(words[0]), let needed = Int(words[2]), carried >= 0, needed > 0
        else { return nil }
        self.init(carried: carried, needed: needed)
    }
}
