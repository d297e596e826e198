internal import CordonModel
package import CordonScan

/// A source of lines whose form is known: its records come in that form's envelope.
package struct FormattedSource: Source {
    private let source: any Source
    private let format: LogFormat

    package var id: String { source.id }

    package init(_ source: any Source, format: LogFormat) {
        self.source = source
        self.format = format
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        try await source.run(from: position) { batch in
            var batch = batch
            for index in batch.records.indices { batch.records[index].envelope = format.envelope }
            try await deliver(batch)
        }
    }
}
