internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import Logging
internal import Synchronization

/// Containing without the controller: what a signed standing order allows, within what local policy does.
extension Enforcer {
    /// Takes a set of standing orders. Throws a `Refusal` or what went wrong with the disk.
    func accept(_ signed: Cordon_V1_SignedStandingOrders) throws -> UInt64 {
        let version = try core.withLock { core in
            if core.host == nil { refreshHost(&core) }
            guard let host = core.host else { throw Refusal.notEnrolled }
            return try core.standing.accept(signed, for: host, try core.keys.keys(for: host))
        }
        announcements.change()
        return version
    }

    /// A rule has fired, and the agent says that the controller cannot be reached. Says how many orders were carried out.
    /// What is told is what was done: what does not apply, or is in force already, is nothing.
    func trigger(_ trigger: Cordon_V1_StandingTrigger) throws -> UInt32 {
        let event = StandingEvent(
            source: IPAddress(trigger.sourceIp), destination: IPAddress(trigger.destinationIp),
            user: trigger.userName.isEmpty ? nil : trigger.userName)
        let now = clock.now()
        let (set, policy) = core.withLock { core in
            let set = core.host.flatMap { host in
                (try? core.keys.keys(for: host)).flatMap { $0.expiresAt > now ? core.standing.set(for: host, $0) : nil }
            }
            return (set, core.policy)
        }
        var done: UInt32 = 0
        for standing in set?.orders ?? [] where standing.rule == trigger.rule && standing.expiresAt > now {
            guard let set, let action = standing.action(for: event), !isInForce(action) else { continue }
            if try carryOut(standing, action, of: set, policy) { done += 1 }
        }
        return done
    }

    private func carryOut(
        _ standing: StandingOrder, _ action: Action, of set: StandingOrderSet, _ policy: LocalPolicy
    ) throws -> Bool {
        let now = clock.now()
        let result: OrderResult
        do throws(Refusal) {
            try policy.checkStanding(standing, past: standingPast.withLock { $0.takeLastHour(at: clock.sinceBoot()) })
        } catch {
            tell(standing, action, error.message)
            return false
        }
        var random = SystemRandomNumberGenerator()
        let order = Order(
            id: OrderID(UUIDv7(at: now, random: (random.next(), random.next()))), fleet: set.fleet, agent: set.agent,
            action: action, issuedAt: now, expiresAt: now + .seconds(60), requestedBy: "standing:\(standing.id)",
            reason: "rule \(standing.rule)".bounded(255))
        result = try executeOwn(order)
        standingPast.withLock { $0.add(clock.sinceBoot()) }
        tell(standing, action, result.message)
        return result.outcome == .succeeded
    }

    private func tell(_ standing: StandingOrder, _ action: Action, _ what: String) {
        log.warning("standing order", metadata: ["id": "\(standing.id)", "result": "\(what)"])
        announcements.announce(
            .standing, "Rule \(standing.rule), by standing order \(standing.id): \(action.sentence). \(what)",
            at: clock.now())
    }

    /// An event a second must not be an order a second.
    private func isInForce(_ action: Action) -> Bool {
        core.withLock { core in
            switch action {
            case .isolate: core.journal.desired.isolation != nil
            case .blockAddress(let block):
                core.journal.desired.blocks[block.network].map { $0 > clock.sinceBoot() } ?? false
            case .lockAccount(let locking):
                core.journal.desired.held.keys.contains { $0.kind == .lockAccount && $0.subject == locking.user }
            default: false
            }
        }
    }
}

/// When standing orders were carried out, in nanoseconds after boot.
struct StandingPast: Sendable {
    private var times: [Int64] = []

    mutating func add(_ time: Int64) { times.append(time) }

    /// How many within the hour before now.
    mutating func takeLastHour(at now: Int64) -> Int {
        times.removeAll { now - $0 > 3600 * 1_000_000_000 }
        return times.count
    }
}
