package import CordonModel
package import CordonScan
internal import Logging

/// Where what was collected goes, and how far each source was read.
package protocol Keeping: Sendable {
    /// The source's position; `nil` when it has none yet.
    func position(of source: String) async -> JSONValue?

    /// Keeps the items and moves the source's position on. Both are durable when it returns. When it throws, or the
    /// process dies within, both should be undone: where only the position is, the items come twice after a restart.
    func keep(_ telemetry: [Telemetry], position: JSONValue, of source: String) async throws
}

/// Keeps positions in a file of their own, after the items: a crash between the two brings the last batch twice.
package struct SeparateKeeping: Keeping {
    private let positions: PositionStore
    private let append: @Sendable ([Telemetry]) async throws -> Void
    private let logger = Logger(label: "cordon.collect")

    /// - Parameter append: returns when all is durable, throws when nothing is.
    package init(positions: PositionStore, append: @escaping @Sendable ([Telemetry]) async throws -> Void) {
        self.positions = positions
        self.append = append
    }

    package func position(of source: String) async -> JSONValue? { await positions.position(of: source) }

    package func keep(_ telemetry: [Telemetry], position: JSONValue, of source: String) async throws {
        if !telemetry.isEmpty { try await append(telemetry) }
        // The items are kept: whoever called again with them would have them twice.
        while true {
            do {
                return try await positions.keep(position, of: source)
            } catch {
                logger.error("\(error) Collecting waits.", metadata: ["source": "\(source)"])
                try await Task.sleep(for: .seconds(1))
            }
        }
    }
}
