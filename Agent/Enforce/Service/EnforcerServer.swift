internal import CLinux
internal import CordonModel
internal import CordonWire
internal import Dispatch
internal import FoundationEssentials
package import Logging
internal import SwiftProtobuf
internal import Synchronization

/// The Unix socket of the enforcer. Only root and the agent's user are heard; a malformed frame ends its connection and
/// no other.
package final class EnforcerServer: Sendable {
    private static let mostConnections = 16
    /// Kept for root beyond these: an agent that was taken over must not keep an administrator from releasing.
    private static let keptForRoot = 8
    /// How long a peer may take over one frame.
    private static let patienceMilliseconds: Int32 = 10_000

    private let enforcer: Enforcer
    /// Whether anybody on this host is heard, with a one-time code.
    private let isForAnybody: Bool
    private let listener: Int32
    private let log: Logger
    /// Connections of each user.
    private let open = Mutex<[UInt32: Int]>([:])
    /// Of any one user where everybody may connect: nobody keeps the others out.
    private static let mostOfAnybody = 2

    /// Listens at the path; the agent's user may connect, or anybody who has a one-time code.
    package init(
        _ enforcer: Enforcer, path: String, isForAnybody: Bool = false, log: Logger
    ) throws(EnforceError) {
        self.enforcer = enforcer
        self.isForAnybody = isForAnybody
        self.log = log
        // Owned by the agent's user, not by its group: a user that has no entry in the user database has no group to
        // name, and nobody else has a reason to connect. Who connects is asked of the kernel all the same.
        let status = unsafe clinux_local_listen(
            path, isForAnybody ? 0o666 : 0o600, isForAnybody ? 0 : enforcer.configuration.agentUser, 0)
        guard status >= 0 else {
            let remedy =
                -status == 98
                ? "Another cordon-enforcer listens there: stop it first." : "Check the folder's owner and mode."
            throw .system("enforcer.socket", "Cannot listen at \(path)", -status, remedy: remedy)
        }
        listener = status
    }

    deinit { clinux_close(listener) }

    /// Accepts connections for ever, each on a thread of its own. Blocks.
    package func run() {
        while true {
            let descriptor = clinux_local_accept(listener, Self.patienceMilliseconds, Self.patienceMilliseconds)
            guard descriptor >= 0 else {
                log.error("accepting a connection failed", metadata: ["error": "\(errorText(-descriptor))"])
                // No descriptors left, most likely: give others time to end instead of spinning.
                _ = clinux_wait_readable(-1, 100)
                continue
            }
            let stream = FrameStream(descriptor)
            let allowed = [0, enforcer.configuration.agentUser]
            guard let user = stream.peerUser, isForAnybody || allowed.contains(user) else {
                log.warning("a connection was refused", metadata: ["user": "\(stream.peerUser ?? .max)"])
                continue
            }
            guard takePlace(of: user) else {
                log.warning("a connection was refused: there are too many")
                continue
            }
            serve(stream, user: user)
        }
    }

    private func takePlace(of user: UInt32) -> Bool {
        open.withLock { open in
            let all = open.values.reduce(0, +)
            guard all < Self.mostConnections + (user == 0 ? Self.keptForRoot : 0) else { return false }
            if isForAnybody, user != 0, open[user, default: 0] >= Self.mostOfAnybody { return false }
            open[user, default: 0] += 1
            return true
        }
    }

    private func leavePlace(of user: UInt32) {
        open.withLock { open in
            let left = open[user, default: 1] - 1
            open[user] = left > 0 ? left : nil
        }
    }

    private func serve(_ stream: consuming FrameStream, user: UInt32) {
        let box = Mutex<FrameStream?>(stream)
        // A queue of its own: its blocking reads hold no thread that others wait for.
        DispatchQueue(label: "enforcer.connection").async {
            defer { self.leavePlace(of: user) }
            guard let stream = box.withLock({ $0.take() }) else { return }
            do {
                let wait = self.isForAnybody ? Self.patienceMilliseconds : -1
                while let frame = try stream.read(beginningWithin: wait) {
                    let request = try Cordon_V1_EnforcerRequest(serializedBytes: frame)
                    try stream.write(try self.answer(request, user: user).serializedBytes())
                }
            } catch {
                self.log.warning("a connection ended", metadata: ["error": "\(error)"])
            }
        }
    }

    private func answer(_ request: Cordon_V1_EnforcerRequest, user: UInt32) -> Cordon_V1_EnforcerResponse {
        var response = Cordon_V1_EnforcerResponse()
        response.requestID = request.requestID
        do {
            if isForAnybody {
                guard case .localRelease(let release) = request.request, !release.code.isEmpty else {
                    throw EnforceError(
                        "enforcer.not_root", "Here an isolation is ended with a one-time code, and no more.")
                }
            }
            switch request.request {
            case .execute(let signed): response.result = try enforcer.execute(signed)
            case .keySet(let set): response.keySetAccepted.version = try enforcer.accept(set)
            case .status(let request): response.status = enforcer.status(request)
            case .standingOrders(let set): response.done.standingVersion = try enforcer.accept(set)
            case .trigger(let trigger): response.done.carriedOut = try enforcer.trigger(trigger)
            case .localRelease(let release) where !release.code.isEmpty:
                try enforcer.release(code: release.code, by: user, reason: release.reason)
                if user == 0 {
                    response.status = enforcer.status()
                } else {
                    response.status = Cordon_V1_EnforcerStatus()
                }
            case .makeCodes(let wanted):
                guard user == 0 else { throw EnforceError("enforcer.not_root", "Only root may make one-time codes.") }
                response.done.codes = try enforcer.makeCodes(Int(wanted.count))
            case .evidence(let mark): response.evidence = try enforcer.evidence(mark)
            case .localRelease(let release):
                guard user == 0 else {
                    throw EnforceError("enforcer.not_root", "Only root may end an isolation from the host itself.")
                }
                try enforcer.releaseLocally(reason: release.reason)
                response.status = enforcer.status()
            case .upgrade(let offer): response.upgrade = try enforcer.upgrade(offer)
            case .releasePart(let part): response.upgrade = try enforcer.upgrade(part)
            case .upgradeState: response.upgrade = try enforcer.upgradeState()
            case nil:
                throw EnforceError("enforcer.unknown_request", "The request is not one that this version knows.")
            }
        } catch {
            response.error = Self.message(error)
        }
        return response
    }

    private static func message(_ error: any Error) -> Cordon_V1_EnforcerError {
        var message = Cordon_V1_EnforcerError()
        switch error {
        case let refusal as Refusal:
            message.code = "refused.\(refusal.rule)"
            message.message = refusal.message
        case let error as any ActionableError:
            message.code = error.code
            message.message = error.remedy.isEmpty ? error.message : "\(error.message) \(error.remedy)"
        default:
            message.code = "enforcer.failed"
            message.message = "\(error)"
        }
        return message
    }
}
