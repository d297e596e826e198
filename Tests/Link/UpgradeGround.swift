import ControllerFleet
import ControllerStore
import CordonLink
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import Crypto
import FoundationEssentials
import GRPCCore
import SwiftProtobuf
import Testing

/// Packages that are none, signed by the root of a test's fleet.
struct TestRelease: Sendable {
    var release: Release
    var packages: [[UInt8]]

    /// - Parameter size: Bytes of each of the two packages.
    init(_ version: String, fleet: String = "test", size: Int = 700_001, at now: Timestamp) {
        packages = ["cordon-agent", "cordon-enforcer"].map { name in
            let seed = UInt8(truncatingIfNeeded: version.utf8.reduce(name.utf8.count) { $0 &* 31 &+ Int($1) })
            return (0..<size).map { seed &+ UInt8(truncatingIfNeeded: $0 &* 131 >> 5) }
        }
        release = Release(
            fleet: fleet, version: version, architecture: "amd64", createdAt: now, expiresAt: now + .seconds(86_400),
            files: zip(["cordon-agent", "cordon-enforcer"], packages).map { name, bytes in
                .init(package: name, size: Int64(bytes.count), sha256: Array(SHA256.hash(data: bytes)))
            })
    }

    func signed(by root: SigningKey) throws -> [UInt8] {
        try ReleaseEnvelope(signing: try release.serialized(), with: root).serialized()
    }
}

extension Controller {
    /// The key that only the administrator has.
    var root: SigningKey { get throws { try KeyFile.signingKey(at: "\(keys.folder).root") } }

    /// Gives the release and all its packages to the controller.
    func add(_ made: TestRelease) async throws {
        _ = try await fleet.addRelease(try made.signed(by: root), by: Self.admin)
        for (file, bytes) in zip(made.release.files, made.packages) { try await send(bytes, of: file.sha256) }
    }

    /// Sends the package in parts.
    func send(_ bytes: [UInt8], of sum: [UInt8], from offset: Int = 0) async throws {
        for start in stride(from: offset, to: bytes.count, by: 300_000) {
            let part = Array(bytes[start..<min(start + 300_000, bytes.count)])
            _ = try await fleet.addPackagePart(part, at: Int64(start), of: sum, by: Self.admin)
        }
    }

    /// Waits until the host is so in the newest rollout.
    func host(_ id: AgentID, becomes state: RolloutHostState) async throws {
        _ = try await eventually("host \(id) is \(state)") {
            await fleet.rollout()?.hosts[id]?.state == state ? true : nil
        }
    }

    func rollout(becomes state: RolloutState) async throws -> Rollout {
        try await eventually("the rollout is \(state)") {
            let rollout = await fleet.rollout()
            return rollout?.state == state ? rollout : nil
        }
    }

    /// What the audit chain says about a subject, newest first.
    func verbs(of subject: String) async throws -> [String] {
        try await audit.newest(before: nil, subject: subject, limit: 50).map(\.entry.verb)
    }
}

/// Takes a rollout as a host would, over the real link.
extension TestStream {
    /// Says what the host has, and how far it is.
    func say(
        _ stage: Cordon_V1_UpgradeState.Stage, of offer: Cordon_V1_UpgradeOffer? = nil, version: String = "",
        has installed: String, on architecture: String = "amd64", fault: String = "", have: UInt64 = 0,
        size: UInt64 = 0
    ) {
        send(
            .with {
                $0.upgrade.rolloutID = offer?.rolloutID ?? Data()
                $0.upgrade.version = version
                $0.upgrade.stage = stage
                $0.upgrade.fault = fault
                $0.upgrade.have = have
                $0.upgrade.size = size
                $0.upgrade.architecture = architecture
                $0.upgrade.installed = installed
            })
    }

    /// The next offer of a release; empty ones are passed over.
    func offer() async throws -> (message: Cordon_V1_UpgradeOffer, release: Release) {
        let offer = try await next { message -> Cordon_V1_UpgradeOffer? in
            if case .upgrade(let offer)? = message.message, offer.hasRelease { offer } else { nil }
        }
        return (offer, try Release(serialized: Array(offer.release.release)))
    }

    /// Waits until an offer is taken back.
    func withdrawal() async throws {
        _ = try await next { message -> Bool? in
            if case .upgrade(let offer)? = message.message, !offer.hasRelease { true } else { nil }
        }
    }
}

extension TestAgent {
    /// Fetches a package as it was offered.
    func fetch(_ file: Release.File) async throws -> [UInt8] {
        try await call { link in
            var bytes: [UInt8] = []
            while bytes.count < file.size {
                let part = try await part(of: file.sha256, at: UInt64(bytes.count), link)
                guard !part.data.isEmpty, part.data.count <= 512 << 10, part.offset == UInt64(bytes.count) else {
                    throw RPCError(code: .dataLoss, message: "no part at \(bytes.count)")
                }
                bytes += part.data
            }
            return bytes
        }
    }

    func part(
        of sum: [UInt8], at offset: UInt64, _ link: Cordon_V1_Link.Client<Transport>
    ) async throws -> Cordon_V1_ReleasePart {
        try await link.fetchRelease(
            .with {
                $0.sha256 = Data(sum)
                $0.offset = offset
            }, metadata: metadata, options: .short)
    }

    /// The code that a want is refused with.
    func refusal(of sum: [UInt8], at offset: UInt64 = 0) async throws -> RPCError.Code? {
        do {
            _ = try await call { link in try await part(of: sum, at: offset, link) }
            return nil
        } catch let error as RPCError { return error.code }
    }
}
