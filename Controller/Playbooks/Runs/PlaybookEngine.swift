package import CordonModel

/// Runs playbooks, durably: what happened is committed before anything that follows from it is asked for, and a run
/// goes on where it was after the process died at any instant. Effects are asked again with the same identifiers.
package actor PlaybookEngine {
    /// What others must hear, and what the engine must be given.
    package struct Hooks: Sendable {
        /// A run or a task changed.
        package var changed: @Sendable (Change) async -> Void
        /// A line for a case's timeline.
        package var timeline: @Sendable (CaseID, TimelineLine) async -> Void
        /// Something is wrong that nobody waits for: a history that cannot be read, a write that must be tried again.
        package var complain: @Sendable (String) async -> Void
        /// Sleeps; throws when the task is cancelled.
        package var sleep: @Sendable (Duration) async throws -> Void

        package init(
            changed: @escaping @Sendable (Change) async -> Void = { _ in },
            timeline: @escaping @Sendable (CaseID, TimelineLine) async -> Void = { _, _ in },
            complain: @escaping @Sendable (String) async -> Void = { _ in },
            sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
        ) {
            self.changed = changed
            self.timeline = timeline
            self.complain = complain
            self.sleep = sleep
        }
    }

    let library: PlaybookLibrary
    let repository: any RunRepository
    let performer: any EffectPerformer
    let hosts: any HostResolving
    let surroundings: Surroundings
    let hooks: Hooks

    private var live: [RunID: Live] = [:]
    /// Of how many of a run's events the commands have been asked for in this life of the program.
    private var asked: [RunID: Int] = [:]
    private var locked: Set<RunID> = []
    private var waiters: [RunID: [CheckedContinuation<Void, Never>]] = [:]
    private var alarms = Alarms()
    /// The earliest instant that a sleeping task wakes for.
    private var sleepingUntil: Timestamp?
    /// Orders of runs that were cancelled before they were filed.
    var unfiled: Set<OrderID> = []
    private let work: AsyncStream<Work>
    private let agenda: AsyncStream<Work>.Continuation

    /// A run in memory: what a replay of its history gives.
    struct Live {
        var machine: RunMachine
        /// Events in its history.
        var events: Int
    }

    enum Work: Sendable {
        case effect(RunID, RunCommand, again: Bool)
        case orderFinished(OrderID, OrderState, message: String)
        case sleep(until: Timestamp)
    }

    package init(
        library: PlaybookLibrary, repository: any RunRepository, performer: any EffectPerformer,
        hosts: any HostResolving, surroundings: Surroundings, hooks: Hooks = Hooks()
    ) {
        self.library = library
        self.repository = repository
        self.performer = performer
        self.hosts = hosts
        self.surroundings = surroundings
        self.hooks = hooks
        (work, agenda) = AsyncStream.makeStream()
    }

    /// Starts a run of the newest version of a playbook.
    /// - Parameter inputs: Values of variables that the playbook declares external, by name (`__host__`); others are
    ///   ignored.
    /// - Parameter request: The identifier that the run is to have. Asked again with the same one, the run that there
    ///   is already is returned: who may have died before the answer came can ask again.
    /// - Throws: ``PlaybooksError`` when there is no such playbook, it is not valid, this version does not run all of
    ///   it, or a value is missing or does not fit its variable's type.
    package func start(
        _ playbook: String, inputs: [String: String], caseID: CaseID?, request: RunID? = nil, by principal: Principal
    ) async throws -> RunRecord {
        let run = request ?? surroundings.identifier(of: RunID.self)
        let (record, commands) = try await create(run, playbook, inputs, caseID, principal)
        await announce(record, commands)
        return record
    }

    private func create(
        _ run: RunID, _ playbook: String, _ inputs: [String: String], _ caseID: CaseID?, _ principal: Principal
    ) async throws -> (RunRecord, [RunCommand]) {
        await lock(run)
        defer { unlock(run) }
        if let known = try await repository.run(run) {
            guard [known.playbook, known.playbookName].contains(playbook), known.caseID == caseID else {
                throw PlaybooksError.runTaken(known)
            }
            _ = try await load(run)
            return (known, [])
        }
        guard let entry = try await library.entry(playbook), let document = entry.report.playbook else {
            throw PlaybooksError.unknownPlaybook(playbook)
        }
        guard entry.report.obstacles.isEmpty else {
            throw PlaybooksError.notRunnable(entry.name, entry.report.obstacles)
        }
        let inputs = try document.checkedInputs(inputs)
        let event = recorded(.started(inputs: inputs, caseID: caseID, by: principal.name))
        var machine = RunMachine(playbook: document, run: run)
        let commands = machine.handle(event)
        let commit = try commit(machine, sequence: 0, event, commands, by: principal.name)
        try await repository.create(commit, definition: entry.bytes)
        keep(run, Live(machine: machine, events: 1))
        ask(run, commands, again: false)
        return (machine.record, commands)
    }

    /// Answers a task.
    /// - Throws: ``PlaybooksError`` when it is not open, or the principal's role or name may not answer it.
    @discardableResult
    package func decide(
        _ task: TaskID, _ decision: TaskDecision, reason: String, by principal: Principal
    ) async throws -> ManualTask {
        guard let known = try await repository.task(task) else { throw PlaybooksError.unknownTask(task) }
        try known.admit(principal)
        try await deliver(to: known.run, by: principal.name) { machine in
            guard machine.tasks[task] != nil else { throw PlaybooksError.taskClosed(known) }
            return .decided(task: task, decision: decision, by: principal.name, reason: String(reason.prefix(2000)))
        }
        return try await repository.task(task) ?? known
    }

    /// Says that an order has come to its end. Orders of nobody here are ignored.
    package func orderFinished(_ order: OrderID, state: OrderState, result: OrderResult?) {
        guard state.isFinal else { return }
        agenda.yield(.orderFinished(order, state, message: result?.message ?? ""))
    }

    /// Goes on with all unfinished runs, then performs effects and keeps time until the task is cancelled. Called
    /// once.
    package func run() async throws {
        try await resume()
        await withDiscardingTaskGroup { group in
            for await work in work {
                group.addTask { await self.perform(work) }
            }
        }
    }

    /// Reads the histories of all unfinished runs and asks again for what they wait for. A run whose history cannot
    /// be read stays as it is and is complained about; the others go on.
    private func resume() async throws {
        try await withdrawLeftovers()
        for run in try await repository.unfinished() {
            await lock(run)
            defer { unlock(run) }
            do { _ = try await load(run) } catch {
                await hooks.complain("A run cannot go on: \(error)")
            }
        }
    }
}

// MARK: - One event at a time

extension PlaybookEngine {
    /// Makes an event of what the run is now, commits it with all that follows from it, and only then asks for that.
    func deliver(
        to run: RunID, by actor: String, _ event: (RunMachine) throws -> RunEvent
    ) async throws {
        guard let (record, commands) = try await transact(run, by: actor, event) else { return }
        await announce(record, commands)
    }

    private func transact(
        _ run: RunID, by actor: String, _ event: (RunMachine) throws -> RunEvent
    ) async throws -> (RunRecord, [RunCommand])? {
        await lock(run)
        defer { unlock(run) }
        guard let known = try await load(run) else { throw PlaybooksError.unknownRun(run) }
        var machine = known.machine
        let event = recorded(try event(machine))
        if machine.state.isFinal { return nil }
        let commands = machine.handle(event)
        do {
            try await repository.append(try commit(machine, sequence: known.events, event, commands, by: actor))
        } catch {
            // The store may have it or not: its history decides, when the run is read again.
            live[run] = nil
            throw error
        }
        keep(run, Live(machine: machine, events: known.events + 1))
        ask(run, commands, again: false)
        return (machine.record, commands)
    }

    private func recorded(_ event: RunEvent) -> RecordedEvent {
        RecordedEvent(at: surroundings.now(), seed: surroundings.random(), event: event)
    }

    private func keep(_ run: RunID, _ known: Live) {
        let isOver = known.machine.state.isFinal
        live[run] = isOver ? nil : known
        asked[run] = isOver ? nil : known.events
    }

    /// The run as its history tells it. When it was not in memory, what it waits for is asked again: all of it the
    /// first time in this life, later only what an event asks for whose commit seemed to have failed.
    private func load(_ run: RunID) async throws -> Live? {
        if let known = live[run] { return known }
        guard let stored = try await repository.stored(run) else { return nil }
        guard let playbook = PlaybookValidator.validate(stored.definition).playbook else {
            throw PlaybooksError.history(run, "its playbook cannot be read")
        }
        var machine = RunMachine(playbook: playbook, run: run)
        var missed: [RunCommand] = []
        for (index, bytes) in stored.events.enumerated() {
            let commands = machine.handle(try RunHistory.decode(bytes, of: run))
            if let asked = asked[run], index >= asked { missed += commands }
        }
        ask(run, asked[run] == nil ? machine.outstanding : missed, again: true)
        let known = Live(machine: machine, events: stored.events.count)
        keep(run, known)
        return known
    }

    private func commit(
        _ machine: RunMachine, sequence: Int, _ event: RecordedEvent, _ commands: [RunCommand], by actor: String
    ) throws -> RunCommit {
        RunCommit(
            run: machine.record, sequence: sequence, events: [try RunHistory.encode(event)],
            tasks: commands.compactMap { if case .task(let task) = $0 { task } else { nil } },
            orders: commands.compactMap { if case .submit(let order) = $0 { order.id } else { nil } },
            audit: RunAudit.entries(machine, event, commands, by: actor))
    }

    /// Only one event of a run at a time, although commits wait.
    private func lock(_ run: RunID) async {
        guard locked.contains(run) else {
            locked.insert(run)
            return
        }
        await withCheckedContinuation { waiters[run, default: []].append($0) }
    }

    private func unlock(_ run: RunID) {
        guard var queue = waiters[run], !queue.isEmpty else {
            waiters[run] = nil
            locked.remove(run)
            return
        }
        let next = queue.removeFirst()
        waiters[run] = queue
        next.resume()
    }

    /// Tells others, outside of the run's lock: who hears it may call the engine.
    private func announce(_ record: RunRecord, _ commands: [RunCommand]) async {
        guard !commands.isEmpty else { return }
        for command in commands {
            switch command {
            case .task(let task):
                await hooks.changed(Change(topic: .task, id: "\(task.id)", summary: task.text, at: surroundings.now()))
            case .note(let line): if let caseID = record.caseID { await hooks.timeline(caseID, line) }
            case .find, .submit, .call, .wake: break
            }
        }
        let summary = "\(record.playbookName): \(record.state.rawValue)"
        await hooks.changed(Change(topic: .run, id: "\(record.id)", summary: summary, at: surroundings.now()))
    }

    private func ask(_ run: RunID, _ commands: [RunCommand], again: Bool) {
        for command in commands {
            switch command {
            case .find, .submit, .call: agenda.yield(.effect(run, command, again: again))
            case .wake(let timer, let instant): alarms.insert(Alarms.Alarm(at: instant, run: run, timer: timer))
            case .task, .note: break
            }
        }
        setAlarm()
    }

    // MARK: Time

    /// Sees to it that a task sleeps until the earliest alarm. One that sleeps longer finds nothing to do when it
    /// wakes.
    private func setAlarm() {
        guard let earliest = alarms.earliest, sleepingUntil.map({ earliest < $0 }) ?? true else { return }
        sleepingUntil = earliest
        agenda.yield(.sleep(until: earliest))
    }

    /// Sleeps in pieces, so that a wall clock that was set is noticed within a minute.
    func sleep(until instant: Timestamp) async {
        while surroundings.now() < instant {
            guard sleepingUntil.map({ $0 >= instant }) ?? false else { return }
            do { try await hooks.sleep(min(instant - surroundings.now(), .seconds(60))) } catch { return }
        }
        guard sleepingUntil == instant else { return }
        sleepingUntil = nil
        let due = alarms.due(at: surroundings.now())
        setAlarm()
        for alarm in due {
            // The time of a step that is done: nothing to write down.
            if let known = live[alarm.run], known.machine.timers[alarm.timer] == nil { continue }
            await persist(alarm.run) { _ in .timerFired(timer: alarm.timer) }
        }
    }
}
