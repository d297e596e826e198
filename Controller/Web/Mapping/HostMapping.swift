internal import ControllerFleet
internal import CordonModel
internal import CordonOrders

extension HostLine {
    /// The host in a case: there or not, and what holds it.
    init(_ host: HostRecord, now: Timestamp) {
        let detail = host.isolationEnd(now) == nil ? host.seenDetail(now) : host.isolationDetail(now)
        let state =
            host.isolationEnd(now) == nil ? StateMark(presenceOf: host) : StateMark(containmentOf: host, now: now)
        self.init(hostID: "\(host.id)", hostName: host.name, hostState: state, detail: detail)
    }
}

extension HostLine {
    /// The host as one that is not there.
    init(offline host: HostRecord, now: Timestamp) {
        self.init(
            hostID: "\(host.id)", hostName: host.name, hostState: StateMark(presenceOf: host),
            detail: host.seenDetail(now)
        )
    }
}

extension HostRow {
    /// - Parameters:
    ///   - packages: What it says that it has.
    ///   - upgrade: How far an upgrade is at it that is not over.
    init(_ host: HostRecord, packages: HostPackages?, upgrade: RolloutHostState?, now: Timestamp) {
        self.init(
            hostID: "\(host.id)", hostName: host.name, group: host.group.isEmpty ? nil : host.group,
            presence: StateMark(presenceOf: host), containment: StateMark(containmentOf: host, now: now),
            detail: host.isolationDetail(now), system: host.facts?.operatingSystem ?? "not known yet",
            version: packages?.installed.nonEmpty ?? host.facts?.agentVersion.nonEmpty ?? "not known yet",
            upgrading: upgrade.map { StateMark($0) }, seen: host.lastSeen.map { Moment($0, now: now) }
        )
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

extension HostsPage {
    /// Worst first: isolated, then offline, then by name.
    init(
        _ hosts: [HostRecord], packages: [AgentID: HostPackages], rollout: Rollout?, frame: Frame, now: Timestamp
    ) {
        let sorted = hosts.map { (rank: Self.rank($0, now), host: $0) }
            .sorted { ($0.rank, $0.host.name, $0.host.id) < ($1.rank, $1.host.name, $1.host.id) }
        // Of one that is over, only what did not go well is of interest.
        let isOpen = rollout.map { $0.state != .finished && $0.state != .cancelled } ?? false
        let rows = sorted.map { _, host in
            let state = rollout?.hosts[host.id]?.state
            return HostRow(
                host, packages: packages[host.id], upgrade: state.flatMap { isOpen || $0 != .done ? $0 : nil }, now: now
            )
        }
        self.init(frame: frame, hosts: rows, tally: Self.tally(hosts, now))
    }

    private static func rank(_ host: HostRecord, _ now: Timestamp) -> Int {
        if host.revocation != nil { return 3 }
        if host.isolationEnd(now) != nil { return 0 }
        return host.isOnline ? 2 : 1
    }

    private static func tally(_ hosts: [HostRecord], _ now: Timestamp) -> String {
        let member = hosts.filter { $0.revocation == nil }
        let online = member.filter(\.isOnline).count
        let isolated = member.filter { $0.isolationEnd(now) != nil }.count
        return "\(member.count == 1 ? "1 host" : "\(member.count) hosts"): \(online) online, \(isolated) isolated."
    }
}

extension HostPage {
    /// Orders on the page.
    static let ordersShown = 50

    /// What the host's record says; orders are added by the handler.
    /// - Parameter newOrder: Makes an identifier for each form.
    init(_ host: HostRecord, frame: Frame, for reader: Reader, newOrder: () -> OrderID) {
        let now = reader.now
        let mayOrder = reader.may(.responder) && host.revocation == nil
        let blocks = (host.blocksInForce(now) ?? []).map { block in
            BlockLine(
                network: "\(block.network)", until: Moment(block.until, now: now),
                unblock: mayOrder
                    ? Undo(
                        host: "\(host.id)", token: reader.formToken, order: "\(newOrder())", target: "\(block.network)")
                    : nil
            )
        }
        self.init(
            frame: frame, hostID: "\(host.id)", hostName: host.name, presence: StateMark(presenceOf: host),
            containment: StateMark(containmentOf: host, now: now), seen: host.lastSeen.map { Moment($0, now: now) },
            isolation: host.isolationEnd(now).map { IsolationLine(until: Moment($0, now: now)) }, blocks: blocks,
            whyNoForms: Self.refusal(host, now)
        )
        effects = (host.facts?.containment.effects ?? []).map { effect in
            EffectLine(
                what: effect.kind.done, subject: effect.subject, until: effect.until.map { Moment($0, now: now) },
                undo: mayOrder
                    ? Undo(
                        host: "\(host.id)", token: reader.formToken, order: "\(newOrder())", target: "\(effect.order)",
                        kind: effect.kind.rawValue)
                    : nil)
        }
        free = host.facts != nil && isolation == nil && blocks.isEmpty && effects.isEmpty
        facts = Self.facts(host, now)
        if mayOrder { orderForms = Self.forms(host, reader, newOrder) }
    }

    private static func refusal(_ host: HostRecord, _ now: Timestamp) -> String {
        guard let revocation = host.revocation else { return "Orders take the role responder." }
        let ago = Moment(revocation.at, now: now).ago
        return "\(revocation.by) revoked this host \(ago): \(revocation.reason) It takes no orders."
    }

    private static func forms(_ host: HostRecord, _ reader: Reader, _ newOrder: () -> OrderID) -> OrderForms {
        var forms = OrderForms(
            host: "\(host.id)", token: reader.formToken, releaseOrder: "\(newOrder())", isolateOrder: "\(newOrder())",
            blockOrder: "\(newOrder())", isolatedNow: host.isolationEnd(reader.now) != nil,
            durations: OrderForms.durations.map { Span($0, chosen: $0 == .seconds(14_400)) }
        )
        forms.collectOrder = "\(newOrder())"
        forms.triageOrder = "\(newOrder())"
        forms.tableOrder = "\(newOrder())"
        forms.quarantineOrder = "\(newOrder())"
        forms.executableOrder = "\(newOrder())"
        if !host.isOnline { forms.offlineHint = "The host is offline. An order waits 15 min for it and expires then." }
        return forms
    }

    /// The rules that the host says it runs, and what it should run where that is another version.
    static func fact(of rules: RulePackState, named name: String?, staged: Int64) -> Fact {
        var text = rules.version == 0 ? "none" : "version \(rules.version)" + (name.map { " (\($0))" } ?? "")
        if rules.version != UInt64(clamping: staged) {
            text += staged == 0 ? "; none are staged" : "; version \(staged) is staged"
        }
        return Fact("Rules", rules.fault.isEmpty ? text : "\(text); it refused another: \(rules.fault)")
    }

    /// What dpkg says that it has, and how far the newest upgrade is at it.
    static func fact(of packages: HostPackages, _ upgrade: RolloutHost?, to version: String?) -> Fact {
        var text = packages.installed.isEmpty ? "of different versions" : packages.installed
        if !packages.architecture.isEmpty { text += " for \(packages.architecture)" }
        if let upgrade, let version {
            text += "; upgrade to \(version): \(StateMark(upgrade.state).word.lowercased())"
            if !upgrade.fault.isEmpty { text += ": \(upgrade.fault)" }
        }
        return Fact("Packages", text)
    }

    static let gapsShown = 5

    /// What the host says it lost or missed.
    static func fact(of gap: Gap, now: Timestamp) -> Fact {
        let count = gap.items > 0 ? " (\(gap.items) \(gap.items == 1 ? "item" : "items"))" : ""
        return Fact("Gap", "\(Moment(gap.noticedAt, now: now).full) \(gap.source): \(gap.message)\(count)")
    }

    private static func facts(_ host: HostRecord, _ now: Timestamp) -> [Fact] {
        var facts: [Fact] = []
        if let said = host.facts {
            facts = [
                Fact("System", said.operatingSystem), Fact("Kernel", said.kernel), Fact("Agent", said.agentVersion),
                Fact(
                    "Enforcer",
                    said.enforcerVersion.isEmpty ? "does not answer: orders would fail" : said.enforcerVersion),
                Fact(
                    "Firewall tables",
                    said.ownedTables ? "owned and persistent" : "watched: the kernel is older than 6.9"),
                Fact("Local policy", said.policyHash.isEmpty ? "none" : String(said.policyHash.prefix(16))),
            ]
        }
        if let isolation = host.facts?.isolation {
            let words = ["safe": "safe", "degraded": "possible, but: ", "refused": "would be refused: "]
            facts.append(
                Fact(
                    "Isolating it",
                    (words[isolation.verdict.rawValue] ?? "") + isolation.reasons.joined(separator: " ")))
        }
        if let health = host.facts?.health {
            facts += [
                Fact("Agent's cost", "\(health.memoryBytes >> 20) MiB of memory, \(health.cpuPermille) ‰ of a core"),
                Fact("Agent's queue", "about \(health.waiting) items, \(health.spoolBytes >> 20) MiB of disk"),
                Fact("Agent's faults", "\(health.lost) items lost, \(health.refused) orders refused, since its start"),
            ]
            facts += health.sources.map { Fact("Collects from", "\($0.source)\($0.fault.map { ": \($0)" } ?? "")") }
        }
        if let abilities = host.facts?.abilities, !abilities.isEmpty {
            facts.append(Fact("Abilities", abilities.joined(separator: ", ")))
        }
        if !host.group.isEmpty { facts.append(Fact("Group", host.group)) }
        if let claim = host.claimedName { facts.append(Fact("Calls itself", "\(claim) (its own claim)")) }
        facts.append(Fact("Enrolled", Moment(host.enrolledAt, now: now).full))
        if let clone = host.cloneSeenAt {
            facts.append(
                Fact("Clone seen", "another machine showed this host's key at \(Moment(clone, now: now).full)"))
        }
        return facts
    }
}

extension HostPage.OrderForms {
    /// Fills in what a link names.
    mutating func fill(_ subject: FileSubject) {
        switch subject {
        case .path(let path): givenPath = path
        case .digest(let digest): givenDigest = digest
        }
        isGiven = true
    }

    /// What a person can choose from; the host's own policy may allow less.
    static let durations: [Duration] = [900, 3600, 14_400, 86_400, 604_800].map { .seconds($0) }
}

extension HostPage.OrderFold {
    init(_ record: OrderRecord, _ names: TimelineNames, unfolded: Bool, now: Timestamp) {
        let result = record.result
        self.init(
            orderID: "\(record.id)", orderState: StateMark(record.state), what: record.order.action.words,
            asked: Moment(record.order.issuedAt, now: now), by: names.actor(record.order.requestedBy),
            reason: record.order.reason,
            answer: result.map(\.message) ?? (record.note.isEmpty ? nil : record.note)
        )
        if let proof = result?.proof {
            probes = proof.probes.map { .init(probe: $0.name, held: StateMark(held: $0.passed), observed: $0.observed) }
            applied = proof.applied
            measure = record.order.action.kind.isLook ? nil : Self.measure(proof)
        }
        brought = result?.evidence.map { EvidenceLine(awaited: $0) }
        self.unfolded = unfolded
    }

    private static func measure(_ proof: Proof) -> String {
        let micro = proof.appliedMicroseconds
        var parts = ["In force after \(micro / 1000).\(micro % 1000 / 100) ms"]
        if proof.socketsReset > 0 { parts.append("\(proof.socketsReset) sockets reset") }
        if proof.flowsDeleted > 0 { parts.append("\(proof.flowsDeleted) tracked flows deleted") }
        if !proof.rulesHash.isEmpty { parts.append("rules \(proof.rulesHash.prefix(16))") }
        return parts.joined(separator: "; ") + "."
    }
}
