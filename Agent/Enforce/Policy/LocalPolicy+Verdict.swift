package import CordonModel
package import CordonOrders

extension LocalPolicy {
    /// What this host is on the network: never to be blocked, whatever the files say.
    package struct Surroundings: Sendable {
        package var own: Set<IPAddress> = []
        package var gateways: Set<IPAddress> = []
        package var resolvers: Set<IPAddress> = []
        package var controllers: [Endpoint] = []
        /// Why isolating it would stop it for good; `nil` when it would not.
        package var isolationObstacle: String?
        /// Blocks in force now.
        package var blockCount = 0
        /// The number of the agent's own user.
        package var agentUser: UInt32 = 0
        /// The host's name, and the domains that names are looked up in.
        package var names: [String] = []
        /// Users whose network is cut, and sinkholed domains.
        package var cutCount = 0
        package var sinkholed: [DomainName] = []
        /// Programs that are kept from starting.
        package var executableCount = 0
        /// Networks of each list in force.
        package var lists: [String: Int] = [:]
        /// Blocks by port or direction among what is in force besides, and ranges of ports that they name.
        package var partBlocks = (count: 0, ranges: 0)

        package init() {}
    }

    /// Throws the rule that forbids the action. Processes and units are judged one by one when they are found, and files' packages
    /// when the file is.
    package func check(_ action: Action, at host: Surroundings) throws(Refusal) {
        guard !action.kind.isUndo else { return }
        try checkAllowed(action.kind)
        switch action {
        case .isolate(let isolation): try checkIsolation(isolation, at: host)
        case .blockAddress(let block): try checkBlock(block, at: host)
        case .blockAddresses(let block): try checkList(block, at: host)
        case .cutUserNetwork(let cut): try checkCut(cut, at: host)
        case .sinkholeDomain(let sinkhole): try checkSinkhole(sinkhole, at: host)
        case .freezeProcess(let freezing):
            try checkLength(freezing.duration, "longest_freeze", longestFreeze, "freezes")
        case .lockAccount(let locking): try checkLength(locking.duration, "longest_lock", longestLock, "locks accounts")
        case .stopService(let stop): try checkLength(stop.duration, "longest_stop", longestStop, "stops services")
        case .blockExecutable(let block): try checkExecutable(block, at: host)
        case .quarantineFile(let file), .deleteFile(let file): try checkPath(file.path)
        case .disableCronEntry(let entry): try checkCron(entry)
        case .restoreService, .removeSSHKey, .restoreSSHKey, .enableCronEntry: return
        case .collectFile(let collection): try checkCollection(collection)
        case .triage, .liveTable: return
        case .yaraScan(let scan): if case .memory = scan.place { try checkMemory() }
        case .collectProcessMemory: try checkMemory()
        case .killProcess, .release, .unblockAddress, .endBlock, .unblockAddresses, .restoreUserNetwork,
            .unsinkholeDomain, .thawProcess, .unblockExecutable, .restoreFile,
            .unlockAccount:
            return
        }
    }

    func checkLength(
        _ duration: Duration, _ name: String, _ longest: Rule<Duration>, _ does: String
    ) throws(Refusal) {
        guard duration <= longest.value else {
            throw Refusal(
                name, longest,
                "This host's policy \(does) for at most \(longest.value.spelled), not \(duration.spelled).")
        }
    }

    private func checkAllowed(_ kind: ActionKind) throws(Refusal) {
        guard allowedActions.value.contains(kind) else {
            throw Refusal("allowed_actions", allowedActions, "This host's policy does not allow \(kind.rawValue).")
        }
    }

    private func checkIsolation(_ isolation: Isolation, at host: Surroundings) throws(Refusal) {
        guard !neverIsolate.value else {
            throw Refusal("never_isolate", neverIsolate, "This host's policy says that it is never isolated.")
        }
        guard isolation.duration <= longestIsolation.value else {
            throw Refusal(
                "longest_isolation", longestIsolation,
                "This host is isolated for at most \(longestIsolation.value.spelled), not \(isolation.duration.spelled)."
            )
        }
        try checkObstacle(at: host)
        guard !host.controllers.isEmpty else {
            throw Refusal(
                "built-in: controller address",
                "No controller address is configured here: isolation would cut the agent off too.")
        }
    }

    private func checkObstacle(at host: Surroundings) throws(Refusal) {
        guard let obstacle = host.isolationObstacle else { return }
        throw Refusal("built-in: network root", obstacle)
    }

    // MARK: - Hours

    /// Throws outside of the hours in which the kind may be begun.
    package func checkHours(of kind: ActionKind, at now: Timestamp) throws(Refusal) {
        let hours = allowedHours.value.filter { $0.kind == kind }
        guard !hours.isEmpty, !kind.isUndo else { return }
        let moment = hoursZone.moment(of: now)
        guard !hours.contains(where: { $0.hold(moment) }) else { return }
        throw Refusal(
            "allowed_hours", allowedHours,
            "This host's policy does not allow \(kind.rawValue) at this hour; it is \(now.rfc3339(fractionDigits: 0)).")
    }

    // MARK: - Standing orders

    /// Throws where this host does nothing by itself, or no more of it. What it may do at all is judged as any order is.
    package func checkStanding(_ standing: StandingOrder, past: Int) throws(Refusal) {
        guard standingOrders.value.contains(standing.kind) else {
            throw Refusal(
                "standing_orders", standingOrders,
                "This host's policy allows no standing order to \(standing.kind.rawValue).")
        }
        try checkLength(standing.duration, "longest_standing", longestStanding, "follows standing orders")
        guard past < standingPerHour.value else {
            throw Refusal(
                "standing_per_hour", standingPerHour,
                "\(past) standing orders were carried out within the hour, the most allowed here.")
        }
    }

    // MARK: - People

    /// Throws unless enough people approved what this host's policy leaves to no one alone.
    package func checkApprovals(of kind: ActionKind, _ approvals: Approvals) throws(Refusal) {
        guard twoPerson.value.contains(kind), !kind.isUndo else { return }
        let needed = approversNeeded.value
        guard approvals.people.count < needed else { return }
        let came =
            approvals.people.isEmpty ? "none came" : "only that of \(approvals.people.joined(separator: ", ")) came"
        let others = approvals.unknown == 0 ? "" : "; \(approvals.unknown) by keys that are not listed or have expired"
        throw Refusal(
            AwaitedApprovals(carried: approvals.carried, needed: needed).rule,
            "This host's policy takes \(kind.rawValue) only with the approvals of \(needed) people "
                + "(two_person, \(twoPerson.origin)); \(came)\(others).")
    }

    // MARK: - Rates

    /// Throws when one more order of the kind within the hour would be one too many. `past` are the kinds of the last
    /// hour's.
    package func checkRate(_ kind: ActionKind, past: [ActionKind: Int]) throws(Refusal) {
        guard !kind.isUndo else { return }
        let total = past.values.reduce(0, +)
        guard total < ordersPerHour.value else {
            throw Refusal(
                "orders_per_hour", ordersPerHour,
                "\(total) orders were carried out within the hour, the most allowed here.")
        }
        guard let limit = perHour[kind] else { return }
        let count = past[kind] ?? 0
        guard count < limit.value else {
            throw Refusal(
                Self.rateKey(kind) ?? "orders_per_hour", limit,
                "\(count) orders to \(kind.rawValue) were carried out within the hour, the most allowed here.")
        }
    }
}
