internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import FoundationEssentials
internal import GRPCCore
internal import Logging
internal import SwiftProtobuf
internal import Synchronization

/// Upgrades as agents see them.
extension Fleet {
    /// Tells a host what it should run; nothing where no rollout offers it anything.
    func offerUpgrade(to session: Session) async {
        let offer = await upgradeOffer(for: session.agent)
        session.send(
            .with { message in
                message.upgrade = .init()
                guard let offer else { return }
                message.upgrade.rolloutID = offer.rollout.data
                message.upgrade.release = offer.release.envelope.message
                if let previous = offer.previous { message.upgrade.previous = previous.envelope.message }
            })
    }

    private struct Offer {
        var rollout: RolloutID
        var release: ReleaseRecord
        var previous: ReleaseRecord?

        var files: [Release.File] { release.release.files + (previous?.release.files ?? []) }
    }

    private func upgradeOffer(for agent: AgentID) async -> Offer? {
        guard let rollout = await desk.rollout, rollout.offers(agent), let from = rollout.hosts[agent]?.from else {
            return nil
        }
        let key = ReleaseKey(version: rollout.plan.version, architecture: from.architecture)
        guard let release = await shelf.whole(key) else { return nil }
        let back = ReleaseKey(version: from.installed, architecture: from.architecture)
        return Offer(rollout: rollout.id, release: release, previous: await shelf.whole(back))
    }

    /// Takes in what a host says of an upgrade: of this rollout, within its limits, or only what it has.
    func heard(_ state: Cordon_V1_UpgradeState, at session: Session) async throws {
        let packages = HostPackages(
            architecture: Release.isArchitecture(state.architecture) ? state.architecture : "",
            installed: Release.isVersion(state.installed) ? state.installed : "")
        await desk.heard(packages, from: session.agent, in: session.id)
        guard let rollout = await desk.rollout, state.rolloutID == rollout.id.data,
            state.version.isEmpty || state.version == rollout.plan.version
        else { return }
        let size = Int64(clamping: min(state.size, 1 << 32))
        let report = UpgradeReport(
            stage: state.stage.model, installed: packages.installed, fault: state.fault.bounded(1024),
            have: min(Int64(clamping: state.have), size), size: size)
        do {
            let events = [Rollout.Event.heard(session.agent, report)]
            await carryOut(try await desk.handle(events, by: "agent:\(session.agent)", of: rollout.id))
        } catch {
            // It says so again when it comes back; nobody is offered anything meanwhile that is not written down.
            log.error("the state of an upgrade could not be written: \(error)", metadata: ["host": "\(session.agent)"])
        }
    }

    /// Part of a package that the host is offered now. Anything else is not there.
    func part(_ want: Cordon_V1_ReleaseWant, for agent: AgentID) async throws -> Cordon_V1_ReleasePart {
        guard let session = sessions.session(of: agent) else {
            throw RPCError(code: .failedPrecondition, message: "There is no order stream of this agent.")
        }
        let offer = await upgradeOffer(for: agent)
        let sum = [UInt8](want.sha256)
        guard let offer, let file = offer.files.first(where: { $0.sha256 == sum }), want.offset < UInt64(file.size)
        else { throw RPCError(code: .notFound, message: "This package is not offered to this host.") }
        // As much as four hosts would need, whatever goes wrong on the way.
        let most = 4 * offer.files.reduce(0) { $0 + $1.size }
        guard session.carries(most: most) else {
            throw RPCError(code: .resourceExhausted, message: "This agent asks for too much: connect again later.")
        }
        var bytes: [UInt8] = []
        defer { session.carried(bytes.count) }
        do { bytes = try await releaseFolder.bytes(of: sum, at: Int64(want.offset)) } catch {
            log.error("a package cannot be read: \(error)", metadata: ["package": "\(file.package)"])
        }
        let data = Data(bytes)
        return .with {
            $0.sha256 = want.sha256
            $0.offset = want.offset
            $0.data = data
        }
    }
}

extension Session {
    /// What one session was given of packages.
    struct Carrying {
        var bytes: Int64 = 0
        var open = 0
    }

    /// Calls of one session that are answered at one time.
    private static let mostOpen = 2

    /// Takes a place for a part; `false` when the session has had its share, or asks for too much at once.
    func carries(most: Int64) -> Bool {
        carrying.withLock { carrying in
            guard carrying.open < Self.mostOpen, carrying.bytes < most else { return false }
            carrying.open += 1
            return true
        }
    }

    /// Gives the place back.
    func carried(_ bytes: Int) {
        carrying.withLock {
            $0.open -= 1
            $0.bytes += Int64(bytes)
        }
    }
}

extension Cordon_V1_UpgradeState.Stage {
    /// As the model knows it.
    fileprivate var model: UpgradeReport.Stage {
        switch self {
        case .fetching: .fetching
        case .installing: .installing
        case .done: .done
        case .refused: .refused
        case .wentBack: .wentBack
        case .failed: .failed
        case .unspecified, .UNRECOGNIZED: .none
        }
    }
}
