internal import AgentNetlink

/// The ruleset of users whose network is cut: `table inet cordon_users`, one set of numbers that the kernel ends.
///
/// A socket's user is who opened it: it stays that when the socket is handed on, and root's stays root's.
enum UserRules {
    static let table = "cordon_users"
    /// Users in force at once.
    static let mostUsers = 256

    /// A user's number, and what it has left.
    typealias User = (number: UInt32, milliseconds: UInt64)

    /// Sets, chains and rules, after the table itself; none without users.
    static func messages(_ users: [User]) -> [NetlinkMessage] {
        guard !users.isEmpty else { return [] }
        let set = NFTSet(
            table: table, name: "users", type: NFTSet.KeyType.user, fields: [4], flags: NFT.SetFlag.timeout)
        let elements = users.map { user in
            var bytes: [UInt8] = []
            bytes.append(host: user.number)
            return NFTSet.Element(first: bytes, milliseconds: user.milliseconds)
        }
        let meant: [NFT.Expression] = [.meta(.socketUser), .lookup(set.name)]
        return set.messages(elements, id: 1)
            + [
                NFT.newChain(
                    .inet, table: table, "output", hook: .output, priority: IsolationRules.priority, policy: .accept),
                // A program hears at once that it cannot connect.
                NFT.newRule(.inet, table: table, chain: "output", meant + .tcp + [.reset]),
                NFT.newRule(.inet, table: table, chain: "output", meant + .drop),
            ]
    }
}
