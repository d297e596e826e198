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
        guard host.sinkholeCount < DomainRules.mostDomains else {
            throw Refusal("built-in: domains", "\(host.sinkholeCount) domains are sinkholed, the most.")
        }
    }
}

/// What this host calls itself, and the domains that its resolver completes names with.
enum HostNames {
    static var own: [String] {
        var names = [TextFile.line("/proc/sys/kernel/hostname"), TextFile.line("/proc/sys/kernel/domainname")]
        for line in (TextFile.text("/etc/resolv.conf") ?? "").split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, first == "search" || first == "domain" else { continue }
            names += words.dropFirst().map(String.init)
        }
        // `(none)` is the kernel's word for no name.
        return names.compactMap { $0?.lowercased() }.filter { !$0.isEmpty && $0 != "(none)" && $0 != "." }
    }
}
