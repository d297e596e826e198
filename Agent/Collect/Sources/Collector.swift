package import CordonModel
internal import CordonScan
internal import Logging

/// Runs all sources: records become events, rules look at them, and events and alerts are handed on to be kept. A
/// source goes on when its batch is durable; until then it waits, so that a full disk loses nothing.
package struct Collector: Sendable {
    private let sources: [any Source]
    private let keeping: any Keeping
    private let normalizer: Normalizer
    private let surroundings: Surroundings
    private let inspect: @Sendable (Event) -> [Alert]
    /// Which sources there are, and what of them cannot be read now.
    package let states: SourceStates
    private let logger = Logger(label: "cordon.collect")

    /// - Parameters:
    ///   - keeping: called again with the same, later, when it throws.
    ///   - inspect: the edge rules; called in the order of each source, from several sources at once.
    package init(
        sources: [any Source], keeping: any Keeping, normalizer: Normalizer, surroundings: Surroundings,
        inspect: @escaping @Sendable (Event) -> [Alert]
    ) {
        self.sources = sources
        self.keeping = keeping
        self.normalizer = normalizer
        self.surroundings = surroundings
        self.inspect = inspect
        states = SourceStates(sources.map(\.id))
    }

    /// The same with positions in a file of their own.
    package init(
        sources: [any Source], positions: PositionStore, normalizer: Normalizer, surroundings: Surroundings,
        inspect: @escaping @Sendable (Event) -> [Alert], append: @escaping @Sendable ([Telemetry]) async throws -> Void
    ) {
        self.init(
            sources: sources, keeping: SeparateKeeping(positions: positions, append: append), normalizer: normalizer,
            surroundings: surroundings, inspect: inspect)
    }

    /// Collects until the task is cancelled. A source that fails is started again from its position.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for source in sources { group.addTask { await run(source) } }
        }
    }

    private func run(_ source: any Source) async {
        var pause = Duration.seconds(1)
        while !Task.isCancelled {
            do {
                states.begin(source.id)
                let position = await keeping.position(of: source.id)
                try await source.run(from: position) { batch in
                    try await deliver(batch, of: source.id)
                }
            } catch {
                guard !Task.isCancelled else { return }
                states.say("\(error)", of: source.id)
                logger.error("\(error)", metadata: ["source": "\(source.id)"])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(60))
            }
        }
    }

    private func deliver(_ batch: SourceBatch, of source: String) async throws {
        let telemetry = telemetry(of: batch)
        try await insist(on: source) { try await keeping.keep(telemetry, position: batch.position, of: source) }
        states.say(batch.fault, of: source)
    }

    /// Events in order, each followed by the alerts it raised.
    private func telemetry(of batch: SourceBatch) -> [Telemetry] {
        let now = surroundings.now()
        var telemetry = batch.gaps.map { Telemetry.gap($0) }
        telemetry.reserveCapacity(batch.records.count + telemetry.count)
        for record in batch.records {
            let event = normalizer.normalize(record, now: now)
            telemetry.append(.event(event))
            telemetry.append(contentsOf: inspect(event).map { .alert($0) })
        }
        return telemetry
    }

    /// Tries until it works or the task is cancelled; says the first failure, and then one a minute.
    private func insist(on source: String, _ work: () async throws -> Void) async throws {
        var pause = Duration.milliseconds(250)
        while true {
            do {
                return try await work()
            } catch {
                try Task.checkCancellation()
                states.say("\(error) Collecting waits.", of: source)
                logger.error("\(error) Collecting waits.", metadata: ["source": "\(source)"])
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(15))
            }
        }
    }
}
