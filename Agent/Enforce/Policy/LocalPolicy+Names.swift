internal import CordonModel
internal import CordonOrders

/// Whose network may be cut, and which domains may be sinkholed.
extension LocalPolicy {
    func checkCut(_ cut: UserNetworkCut, at host: Surroundings) throws(Refusal) {
        try checkLength(cut.duration, "longest_network_cut", longestCut, "cuts a user's network")
        guard cut.user != 0 else { throw Refusal("built-in: root", "root's network is never cut.") }
        guard cut.user != host.agentUser else {
            throw Refusal("built-in: agent", "\(cut.user) is the agent's own user.")
        }
        // Beyond `nobody` and what systemd takes for services are the users of directories.
        guard cut.user >= Accounts.firstOfPeople, !(Accounts.lastOfPeople + 1...65_535).contains(cut.user) else {
            throw Refusal("built-in: system account", "\(cut.user) is the number of a service, not of a person.")
        }
        if let name = protectedUsers.value[cut.user] {
            throw Refusal("protected_users", protectedUsers, "This host's policy protects \(name).")
        }
        guard host.cutCount < UserRules.mostUsers else {
            throw Refusal("built-in: users", "The network of \(host.cutCount) users is cut, the most.")
        }
    }

    func checkSinkhole(_ sinkhole: DomainSinkhole, at host: Surroundings) throws(Refusal) {
        try checkLength(sinkhole.duration, "longest_sinkhole", longestSinkhole, "sinkholes domains")
        if let own = host.names.first(where: { sinkhole.domain.holds($0) }) {
            throw Refusal("built-in: own name", "\(sinkhole.domain) holds \(own), a name of this host or its domain.")
        }
        if let kept = ["arpa", "local", "localhost"].first(where: { "\(sinkhole.domain)".hasSuffix("." + $0) }) {
            throw Refusal("built-in: local name", "Names below \(kept) are never sinkholed.")
        }
        let protected = protectedDomains.value.first {
            sinkhole.domain.holds("\($0)") || $0.holds("\(sinkhole.domain)")
        }
        if let protected {
            throw Refusal(
                "protected_domains", protectedDomains,
                "\(sinkhole.domain) touches \(protected), which this host's policy protects.")
        }
        guard host.sinkholed.count < DomainRules.mostDomains else {
            throw Refusal("built-in: domains", "\(host.sinkholed.count) domains are sinkholed, the most.")
        }
        let rules = DomainRules.ruleCount(host.sinkholed + [sinkhole.domain])
        guard rules <= DomainRules.mostRules else {
            throw Refusal(
                "built-in: domains",
                "With \(sinkhole.domain) and the \(host.sinkholed.count) domains that are sinkholed there would be "
                    + "\(rules) rules; \(DomainRules.mostRules) are the most. Domains with letters at the same places "
                    + "share theirs, and a domain above several takes the place of them all.")
        }
    }
}

/// What this host calls itself, and the domains that its resolver completes names with.
enum HostNames {
    static var own: [String] {
        [TextFile.line("/proc/sys/kernel/hostname"), TextFile.line("/proc/sys/kernel/domainname")]
            .compactMap { $0.flatMap(name) } + searched(TextFile.text("/etc/resolv.conf") ?? "")
    }

    /// The domains that a resolver's configuration (resolv.conf(5)) completes names with.
    static func searched(_ text: String) -> [String] {
        text.split(separator: "\n").flatMap { line -> [String] in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, first == "search" || first == "domain" else { return [] }
            return words.dropFirst().compactMap(name)
        }
    }

    /// In small letters, without the last dot; `nil` for none, which the kernel writes `(none)`.
    private static func name(_ text: some StringProtocol) -> String? {
        let name = (text.last == "." ? text.dropLast() : text[...]).lowercased()
        return name.isEmpty || name == "(none)" ? nil : name
    }
}
