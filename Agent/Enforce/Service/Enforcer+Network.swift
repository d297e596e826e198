internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import Logging
internal import Synchronization

/// What is done to the network by held effects, one kind after another.
extension Enforcer {
    /// A block by ports or direction.
    func blockPart(
        _ block: AddressBlock, _ receipt: JournalRecord.Receipt, _ core: inout Core, _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        let key = HeldEffect.Key(kind: .blockAddress, subject: block.subject)
        let wanted = HeldEffect(
            key: key, orders: [], title: block.subject, term: clock.term(block.duration), undo: block.bytes)
        let (proof, until) = try hold(wanted, in: .ports, "blocked \(block.subject)", receipt, &core, begun) {
            $0.cut(block)
        }
        return Self.proved(proof, "\(block.subject): blocked until \(until).")
    }

    /// Ends what an order blocked by ports or direction.
    func endBlock(
        _ order: OrderID, _ receipt: JournalRecord.Receipt, _ core: inout Core, _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        guard let (title, proof) = try letGo(.blockAddress, of: order, receipt, &core, begun) else {
            throw EnforceError(
                "block.not_held", "No block by ports or direction of the order \(order) is in force.",
                remedy: "A block of all packets is ended by its network.")
        }
        return Self.proved(proof, "\(title): no longer blocked.")
    }

    /// A list of networks, in the place of one of the same name.
    func blockList(
        _ block: AddressListBlock, _ receipt: JournalRecord.Receipt, _ core: inout Core,
        _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        try core.containment.lists.keep(block.list)
        defer { forgetLists(core) }
        let title = "\(block.name): \(block.list.count) networks"
        let wanted = HeldEffect(
            key: .init(kind: .blockAddresses, subject: block.name), orders: [], title: title,
            term: clock.term(block.duration), undo: HeldList(block.list).bytes)
        let (proof, until) = try hold(
            wanted, in: .list(block.name), "blocked \(block.list.words)", receipt, &core, begun
        ) {
            $0.cut(block.list)
        }
        return Self.proved(proof, "The list \(title), blocked until \(until).")
    }

    /// Ends the list that an order put in force.
    func endList(
        _ order: OrderID, _ receipt: JournalRecord.Receipt, _ core: inout Core, _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        defer { forgetLists(core) }
        guard let (title, proof) = try letGo(.blockAddresses, of: order, receipt, &core, begun) else {
            return Verdict(
                outcome: .succeeded, message: "No list of the order \(order) is in force.", proof: Proof(applied: []))
        }
        return Self.proved(proof, "The list \(title), is no longer blocked.")
    }

    func cutNetwork(
        _ cut: UserNetworkCut, _ receipt: JournalRecord.Receipt, _ core: inout Core,
        _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        let name = try? Accounts(folder: configuration.accountsDirectory).name(of: cut.user)
        let title = name.map { "\($0) (\(cut.user))" } ?? "\(cut.user)"
        let wanted = HeldEffect(
            key: .init(kind: .cutUserNetwork, subject: "\(cut.user)"), orders: [], title: title,
            term: clock.term(cut.duration), undo: [1])
        let (proof, until) = try hold(wanted, in: .users, "cut the network of \(title)", receipt, &core, begun) {
            $0.cut(user: cut.user)
        }
        return Self.proved(proof, "The network of user \(title) is cut until \(until).")
    }

    func sinkhole(
        _ sinkhole: DomainSinkhole, _ receipt: JournalRecord.Receipt, _ core: inout Core,
        _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        let domain = "\(sinkhole.domain)"
        let wanted = HeldEffect(
            key: .init(kind: .sinkholeDomain, subject: domain), orders: [], title: domain,
            term: clock.term(sinkhole.duration), undo: [1])
        let (proof, until) = try hold(wanted, in: .domains, "sinkholed \(domain)", receipt, &core, begun) { _ in
            .init()
        }
        return Self.proved(proof, "Queries about \(domain) and all below it are rejected until \(until).")
    }

    /// Ends an effect that an order brought about.
    func end(
        _ kind: ActionKind, _ order: OrderID, _ receipt: JournalRecord.Receipt, _ core: inout Core,
        _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        guard let (title, proof) = try letGo(kind, of: order, receipt, &core, begun) else {
            return Verdict(
                outcome: .succeeded, message: "Nothing of the order \(order) is in force.", proof: Proof(applied: []))
        }
        return Self.proved(proof, "\(title): \(kind.rawValue) has ended.")
    }

    /// What an action is judged by, as far as it matters to it.
    func surroundings(of action: Action, _ core: borrowing Core) throws(Refusal) -> LocalPolicy.Surroundings {
        var surroundings = LocalPolicy.Surroundings()
        let desired = core.journal.desired
        switch action.kind {
        case .blockAddress, .blockAddresses:
            do { surroundings = try core.containment.surroundings() } catch {
                throw Refusal("built-in: own addresses", error.message)
            }
            surroundings.blockCount = desired.blocks.count
            surroundings.lists = desired.lists.mapValues(\.count)
            surroundings.partBlocks = desired.partBlocks
        case .cutUserNetwork:
            surroundings.agentUser = configuration.agentUser
            surroundings.cutCount = desired.held.keys.count { $0.kind == .cutUserNetwork }
        case .sinkholeDomain:
            surroundings.names = HostNames.own
            surroundings.sinkholed = desired.held.keys.filter { $0.kind == .sinkholeDomain }
                .compactMap { DomainName($0.subject, lenient: true) }
        case .blockExecutable:
            surroundings.executableCount = desired.held.keys.count { $0.kind == .blockExecutable }
        case .isolate: surroundings.isolationObstacle = MountTable.live.obstacle
        default: break
        }
        surroundings.controllers = core.containment.controllers
        return surroundings
    }

    /// At the start: a list whose file is damaged is not in force, and nobody is told that it is.
    func endDamagedLists() {
        core.withLock { core in
            for effect in core.journal.desired.held.values {
                guard case .list(let name)? = HeldTable(effect.key),
                    clock.remaining(of: effect.term) > .zero, core.containment.isDamaged(.list(name))
                else { continue }
                record([.ended(effect.key, why: "its file is damaged")], &core)
                let said = "The block of the list \(effect.title) could not be put in force again: its file is damaged."
                log.critical("\(said)")
                announcements.announce(.drift, said, at: clock.now())
            }
            forgetLists(core)
        }
    }
}
