/// A condition in a row: every node is followed by what is inside it.
struct Node: Sendable {
    enum Kind: UInt8, Sendable {
        case all, any, not, atom
    }

    var kind: Kind
    /// The atom's number; 0 for other kinds.
    var atom: Int32
    /// The place after all that is inside it.
    var end: Int32
}
