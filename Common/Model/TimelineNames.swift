/// What people call the things that timelines and orders name by their identifiers. Names of hosts are hostile: what is
/// made here is still to be escaped where it is shown.
package struct TimelineNames: Sendable {
    private let hosts: [String: String]
    private let runs: [String: String]

    /// - Parameters:
    ///   - hosts: Names by identifier.
    ///   - runs: Names of the playbooks, by the run's identifier.
    package init(hosts: [String: String] = [:], runs: [String: String] = [:]) {
        (self.hosts, self.runs) = (hosts, runs)
    }

    /// Who did something: `playbook:RUN` is the playbook's name; anybody else is as it is.
    package func actor(_ actor: String) -> String {
        let prefix = "playbook:"
        guard actor.hasPrefix(prefix), let name = runs[String(actor.dropFirst(prefix.count))] else { return actor }
        return "playbook “\(name)”"
    }

    /// The host's name, or its identifier.
    package func host(_ id: String) -> String { hosts[id] ?? id }

    /// The text with the names of hosts and playbooks where their identifiers stood; unknown ones stay.
    package func text(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count >= Self.length else { return text }
        var named: [UInt8] = []
        var place = 0
        while place < bytes.count {
            if let name = name(at: place, of: bytes) {
                named += name.utf8
                place += Self.length
            } else {
                named.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: named, as: UTF8.self)
    }

    /// Characters of a UUID.
    private static let length = 36

    private func name(at place: Int, of bytes: [UInt8]) -> String? {
        guard place + Self.length <= bytes.count, bytes[place + 8] == UInt8(ascii: "-"),
            bytes[place + 13] == UInt8(ascii: "-")
        else { return nil }
        let id = String(decoding: bytes[place..<place + Self.length], as: UTF8.self)
        return hosts[id] ?? runs[id].map { "“\($0)”" }
    }
}

extension TimelineNames {
    /// Names by the identifiers themselves.
    package init(hosts: [AgentID: String], runs: [RunID: String]) {
        self.init(
            hosts: Dictionary(hosts.map { ("\($0)", $1) }) { first, _ in first },
            runs: Dictionary(runs.map { ("\($0)", $1) }) { first, _ in first })
    }
}
