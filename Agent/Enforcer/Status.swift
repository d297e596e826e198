internal import AgentEnforce
internal import ArgumentParser
internal import CordonModel
internal import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// `cordon-enforcer status`: what is in force.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what is in force on this host.",
        discussion: """
            EXAMPLES
              cordon-enforcer status
              cordon-enforcer status --json
            """
    )

    @OptionGroup var settingsOption: SettingsOption
    @Flag(help: "One JSON object.") var json = false

    func run() throws {
        let client = try LocalClient(settingsOption)
        let response = try client.ask { $0.status.refused = true }
        let upgrade = try client.ask { $0.upgradeState = Cordon_V1_UpgradeQuestion() }.upgrade
        print(json ? try Self.json(response.status, upgrade) : Self.text(response.status, upgrade))
    }

    static func text(
        _ status: Cordon_V1_EnforcerStatus, _ upgrade: Cordon_V1_UpgradeState = Cordon_V1_UpgradeState()
    ) -> String {
        let state = status.containment.model()
        var lines = ["cordon-enforcer \(status.version), kernel \(status.kernel)"]
        lines.append(state.isolatedUntil.map { "isolated until \($0)" } ?? "not isolated")
        lines.append("\(Int(status.containment.blockCount) + state.blockEffects.count) blocks")
        lines += state.blocks.prefix(20).map { "  \($0.network) until \($0.until)" }
        lines += state.effects.map { effect in
            "\(effect.kind.rawValue) \(effect.subject)\(effect.until.map { " until \($0)" } ?? "")"
        }
        lines.append("tables \(status.ownedTables ? "owned and persistent" : "plain, watched and put back")")
        lines.append(
            "order keys \(status.keySetVersion), repairs \(status.repairs), policy \(status.policyHash.prefix(16))"
        )
        if upgrade.stage != .unspecified { lines.append(upgrade.sentence) }
        lines += status.notices.filter { $0.kind == .refused }.map { refused in
            "refused \(refused.text): \(refused.count), last at \(Timestamp(microseconds: refused.lastUs))"
        }
        return lines.joined(separator: "\n")
    }

    private struct Row: Codable {
        var version: String
        var kernel: String
        var isolatedUntil: Timestamp?
        var isolatedBy: OrderID?
        var blockCount: UInt32
        var blocks: [ContainmentState.Block]
        var effects: [ContainmentState.Effect]
        var ownedTables: Bool
        var keySetVersion: UInt64
        var repairs: UInt64
        var policyHash: String
        /// How far the upgrade is that is under way, or how the last one ended; absent when there was none.
        var upgrade: String?
        /// Orders that it refused since it was started.
        var refused: [Refused]
    }

    private struct Refused: Codable {
        var text: String
        var count: UInt32
        var lastAt: Timestamp
    }

    static func json(_ status: Cordon_V1_EnforcerStatus, _ upgrade: Cordon_V1_UpgradeState) throws -> String {
        let state = status.containment.model()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let row = Row(
            version: status.version, kernel: status.kernel, isolatedUntil: state.isolatedUntil,
            isolatedBy: state.isolatedBy,
            blockCount: status.containment.blockCount, blocks: state.blocks, effects: state.effects,
            ownedTables: status.ownedTables,
            keySetVersion: status.keySetVersion, repairs: status.repairs, policyHash: status.policyHash,
            upgrade: upgrade.stage == .unspecified ? nil : upgrade.sentence,
            refused: status.notices.map {
                Refused(text: $0.text, count: $0.count, lastAt: Timestamp(microseconds: $0.lastUs))
            })
        return String(decoding: try encoder.encode(row), as: UTF8.self)
    }
}

/// One question to the running enforcer.
struct LocalClient {
    private let socket: String

    init(socket: String) { self.socket = socket }

    init(_ option: SettingsOption) throws {
        do { socket = try EnforcerSettings.load(option.path, required: option.isNamed).socket } catch {
            throw Complaint(error)
        }
    }

    func ask(_ fill: (inout Cordon_V1_EnforcerRequest) -> Void) throws -> Cordon_V1_EnforcerResponse {
        do {
            return try ask(over: try FrameStream(connecting: socket), fill)
        } catch {
            throw Complaint(error)
        }
    }

    /// The same; `nil` where no enforcer listens.
    func askIfRunning(
        _ fill: (inout Cordon_V1_EnforcerRequest) -> Void
    ) throws -> Cordon_V1_EnforcerResponse? {
        guard FrameStream.isListening(socket) else { return nil }
        return try ask(fill)
    }

    private func ask(
        over stream: consuming FrameStream, _ fill: (inout Cordon_V1_EnforcerRequest) -> Void
    ) throws -> Cordon_V1_EnforcerResponse {
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 1
        fill(&request)
        try stream.write(try request.serializedBytes())
        guard let bytes = try stream.read() else {
            throw EnforceError(
                "enforcer.refused", "The enforcer at \(socket) closed the connection.",
                remedy: "Run this as root or as the agent's user.")
        }
        let response = try Cordon_V1_EnforcerResponse(serializedBytes: bytes)
        if case .error(let error) = response.response { throw EnforceError(error.code, error.message) }
        return response
    }
}

/// An error as ArgumentParser prints it: one sentence.
struct Complaint: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) { description = "\(error)" }
}
