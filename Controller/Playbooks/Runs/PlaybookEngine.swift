package import CordonModel

/// Runs playbooks, durably: what happened is committed before anything that follows from it is asked for, and a run goes
/// on where it was after the process died at any instant. Effects are asked again with the same identifiers.
package actor PlaybookEngine {
    /// What others must hear, and what the engine must be given.
    package struct Hooks: Sendable {
        /// A run or a task changed.
        package var changed: @Sendable (Change) async -> Void
        /// A line for a case's timeline.
        package var timeline: @Sendable (CaseID, TimelineLine) async -> Void
        /// Sleeps; throws when the task is cancelled.
        package var sleep: @Sendable (Duration) async throws -> Void

        package init(
            changed: @escaping @Sendable (Change) async -> Void = { _ in },
            timeline: @escaping @Sendable (CaseID, TimelineLine) async -> Void = { _, _ in },
            sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
        ) {
            self.changed = changed
            self.timeline = timeline
            self.sleep = sleep
        }
    }

    package init(
        library: PlaybookLibrary, repository: any RunRepository, performer: any EffectPerformer,
        hosts: any HostResolving, surroundings: Surroundings, hooks: Hooks = Hooks()
    ) {}

    /// Starts a run of the newest version of a playbook.
    /// - Parameter inputs: Values of variables that the playbook declares external, by name (`__host__`); others are ignored.
    /// - Throws: ``PlaybooksError`` when there is no such playbook, it is not valid, this version does not run all of it,
    ///   or a value does not fit its variable's type.
    package func start(
        _ playbook: String, inputs: [String: String], caseID: CaseID?, by principal: Principal
    ) async throws -> RunRecord { throw PlaybooksError.unknownPlaybook(playbook) }

    /// Answers a task.
    /// - Throws: ``PlaybooksError`` when it is not open, or the principal's role or name may not answer it.
    @discardableResult
    package func decide(
        _ task: TaskID, _ decision: TaskDecision, reason: String, by principal: Principal
    ) async throws -> ManualTask { throw PlaybooksError.unknownTask(task) }

    /// Ends a run now. What its orders have already done stays done.
    @discardableResult
    package func cancel(_ run: RunID, reason: String, by principal: Principal) async throws -> RunRecord {
        throw PlaybooksError.unknownRun(run)
    }

    /// Says that an order has come to its end. Orders of nobody here are ignored.
    package func orderFinished(_ order: OrderID, state: OrderState, result: OrderResult?) async {}

    /// Goes on with all unfinished runs, then performs effects and keeps time until the task is cancelled. Called once.
    package func run() async throws {}
}

/// One line of what a run does, for a case's timeline.
package struct TimelineLine: Sendable, Hashable {
    package var at: Timestamp
    /// `run.started`, `run.finished`, `step.failed`, `task.opened`, `task.decided`, `order.asked`, …
    package var kind: String
    /// For people. May hold hostile text: escape it where it is shown.
    package var text: String
    /// `playbook:RUN`, or the person who answered.
    package var actor: String
}
