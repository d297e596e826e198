internal import AgentCollect
internal import AgentSpool
internal import CordonModel
internal import CordonScan

/// Keeps what was collected and how far each source was read in one durable step of the spool: after a crash nothing
/// is missing and nothing comes twice.
struct SpoolKeeping: Keeping {
    let spool: Spool
    /// Positions of an agent that kept them in a file; asked where the spool has none.
    let earlier: PositionStore

    func position(of source: String) async -> JSONValue? {
        guard let bytes = await spool.position(of: source) else { return await earlier.position(of: source) }
        return try? JSONValue.parse(bytes)
    }

    func keep(_ telemetry: [Telemetry], position: JSONValue, of source: String) async throws {
        try await spool.append(telemetry, position: position.bytes(), of: source)
    }
}
