package import CordonModel

/// One run of a playbook as a pure state machine: events in, commands out; no clock, no randomness, no I/O.
///
/// The workflow is structured: a container step (`if-condition`, `parallel`) opens branches, an `end` closes the
/// branch it stands in, and when all branches of a container are closed the container itself goes on.
///
/// When does a step succeed? `action`: when every command did, each on every target. An OpenC2 command: when its
/// order's state is `succeeded`. `http-api`: when the status is 200 to 299. `manual`: when it was approved or
/// reported done. `if-condition`, `parallel`: when no branch ended in a failure. A step that fails goes to
/// `on_failure`; where there is none its branch fails, and with it the container, up to the playbook's
/// `workflow_exception`, after which the run has failed.
package struct RunMachine: Sendable {
    /// What one run may cost.
    package enum Limits {
        /// Steps entered.
        package static let steps = 10_000
        /// How long an action may take that says nothing about it.
        static let action = Duration.seconds(86_400)
        /// Bytes of one variable.
        static let value = 65_536
    }

    let playbook: Playbook
    let run: RunID
    /// `running` and `waiting` are told apart by `waitingFor`.
    private(set) package var state = RunState.running
    /// Why it failed or was cancelled.
    private(set) package var failure = ""
    private(set) package var variables: [String: Variable]
    private(set) var caseID: CaseID?
    private(set) var startedBy = ""
    private(set) var startedAt = Timestamp(microseconds: 0)
    private(set) var finishedAt: Timestamp?

    var activations: [Int: Activation] = [:]
    /// What is waited for, and what it was asked for with.
    var effects: [EffectID: Waiting] = [:]
    var orders: [OrderID: Waiting] = [:]
    /// Open tasks.
    var tasks: [TaskID: (activation: Int, task: ManualTask)] = [:]
    var timers: [Int: MachineTimer] = [:]
    var commands: [RunCommand] = []
    var now = Timestamp(microseconds: 0)

    private var agenda: [Work] = []
    private var random = SplitMix64(seed: 0)
    private var nextNumber = 0
    private var stepsEntered = 0
    /// The activation that each branch belongs to; the main branch, 0, belongs to none.
    private var parents: [Int: Int] = [:]
    /// Set while the exception step and what follows it runs: why.
    private var exception: String?

    /// A run that has not begun: the first event must be `started`.
    package init(playbook: Playbook, run: RunID) {
        self.playbook = playbook
        self.run = run
        variables = playbook.variables
    }

    /// A step that is being carried out.
    struct Activation: Sendable {
        let step: Step
        let branch: Int
        /// Its own variables, which hide the playbook's.
        var locals: [String: Variable]
        var command = 0
        /// Answers still out for the current command.
        var outstanding = 0
        var failures: [String] = []
        var children: Set<Int> = []
        /// What the last answers said, for outputs.
        var answer = Answer()
    }

    struct Waiting: Sendable {
        let activation: Int
        let command: RunCommand
    }

    struct MachineTimer: Sendable, Hashable {
        enum Purpose: Sendable, Hashable {
            case delay
            case timeout
            case due(TaskID)
        }

        let activation: Int
        let purpose: Purpose
        let at: Timestamp
    }

    enum Work {
        case enter(step: String, branch: Int)
        case begin(Int)
        case perform(Int)
        case finish(Int, failure: String?)
        case close(branch: Int, failure: String?)
    }

    /// Handles one event completely and returns what it leads to, in order. An event that means nothing any more (a
    /// late answer, a second decision) leads to nothing.
    package mutating func handle(_ recorded: RecordedEvent) -> [RunCommand] {
        guard !state.isFinal else { return [] }
        commands = []
        now = recorded.at
        random = SplitMix64(seed: recorded.seed)
        route(recorded.event)
        while !agenda.isEmpty, !state.isFinal { work(agenda.removeFirst()) }
        agenda = []
        settle()
        return commands
    }

    private mutating func route(_ event: RunEvent) {
        switch event {
        case .started(let inputs, let caseID, let by): start(inputs, caseID, by)
        case .hostFound(let effect, let agent): hostFound(effect, agent)
        case .answered(let effect, let reply): answered(effect, reply)
        case .effectFailed(let effect, let message): effectFailed(effect, message)
        case .orderFinished(let order, let state, let message): orderFinished(order, state, message)
        case .decided(let task, let decision, let by, let reason): decided(task, decision, by, reason)
        case .timerFired(let timer): timerFired(timer)
        case .cancelled(let by, let reason): cancel(by, reason)
        }
    }

    private mutating func start(_ inputs: [String: String], _ caseID: CaseID?, _ by: String) {
        guard startedBy.isEmpty else { return }
        (self.caseID, startedBy, startedAt) = (caseID, by, now)
        for (name, value) in inputs where variables[name]?.isExternal == true { variables[name]?.value = value }
        note("run.started", "Playbook “\(playbook.name)” started.", actor: by)
        add(.enter(step: playbook.start, branch: 0))
    }

    private mutating func work(_ work: Work) {
        switch work {
        case .enter(let step, let branch): enter(step, branch)
        case .begin(let activation): begin(activation)
        case .perform(let activation): perform(activation)
        case .finish(let activation, let failure): finish(activation, failure)
        case .close(let branch, let failure): close(branch, failure)
        }
    }

    /// A run that waits for nothing and is not at its end would hang for ever: that is an error, said aloud.
    private mutating func settle() {
        guard !state.isFinal else { return }
        if effects.isEmpty, orders.isEmpty, tasks.isEmpty, timers.isEmpty {
            end(.failed, "The run had nothing left to wait for; this is an error of the engine.")
        } else {
            state = tasks.isEmpty && orders.isEmpty ? .running : .waiting
        }
    }
}

// MARK: - Parts that the other files use

extension RunMachine {
    mutating func add(_ work: Work) { agenda.append(work) }

    mutating func identifier<Subject>(of subject: Identifier<Subject>.Type) -> Identifier<Subject> {
        Identifier(UUIDv7(at: now, random: (random.next(), random.next())))
    }

    mutating func number() -> Int {
        nextNumber += 1
        return nextNumber
    }

    mutating func note(_ kind: String, _ text: String, actor: String? = nil) {
        commands.append(.note(TimelineLine(at: now, kind: kind, text: text, actor: actor ?? "playbook:\(run)")))
    }

    /// A step is entered; `false` when the run has entered too many.
    mutating func countStep() -> Bool {
        stepsEntered += 1
        return stepsEntered <= Limits.steps
    }

    mutating func openBranch(of activation: Int) -> Int {
        let branch = number()
        parents[branch] = activation
        activations[activation]?.children.insert(branch)
        return branch
    }

    /// A branch came to its end.
    private mutating func close(_ branch: Int, _ failure: String?) {
        guard branch != 0 else { return closeMain(failure) }
        guard let parent = parents.removeValue(forKey: branch), var activation = activations[parent] else { return }
        activation.children.remove(branch)
        if let failure { activation.failures.append(failure) }
        activations[parent] = activation
        if activation.children.isEmpty { add(.finish(parent, failure: activation.failures.first)) }
    }

    private mutating func closeMain(_ failure: String?) {
        if let exception { return end(.failed, exception) }
        guard let failure else { return end(.succeeded, "") }
        guard let step = playbook.exception else { return end(.failed, failure) }
        exception = failure
        note("run.exception", "The playbook's exception step follows: \(failure)")
        add(.enter(step: step, branch: 0))
    }

    /// The run is over: nothing is waited for any more.
    mutating func end(_ final: RunState, _ reason: String) {
        state = final
        failure = reason
        finishedAt = now
        for (id, _) in tasks.sorted(by: { $0.key < $1.key }) { closeTask(id, .cancelled) }
        (activations, effects, orders, timers, parents) = ([:], [:], [:], [:], [:])
        switch final {
        case .succeeded: note("run.finished", "Playbook “\(playbook.name)” came to its end.")
        case .cancelled: note("run.cancelled", "Playbook “\(playbook.name)” was cancelled: \(reason)")
        default: note("run.failed", "Playbook “\(playbook.name)” failed: \(reason)")
        }
    }

    private mutating func cancel(_ by: String, _ reason: String) {
        end(.cancelled, reason.isEmpty ? "by \(by)" : "by \(by): \(reason)")
    }

    /// Gives a step up with all that it waits for and all that it opened.
    mutating func drop(_ number: Int) {
        guard let activation = activations.removeValue(forKey: number) else { return }
        effects = effects.filter { $0.value.activation != number }
        orders = orders.filter { $0.value.activation != number }
        timers = timers.filter { $0.value.activation != number }
        for (id, entry) in tasks.sorted(by: { $0.key < $1.key }) where entry.activation == number {
            closeTask(id, .cancelled)
        }
        for branch in activation.children {
            parents[branch] = nil
            for child in activations.keys.sorted() where activations[child]?.branch == branch { drop(child) }
        }
    }

    /// Says how a task ended and forgets it.
    mutating func closeTask(
        _ id: TaskID, _ state: ManualTask.State, by: String? = nil, reason: String = ""
    ) {
        guard var task = tasks.removeValue(forKey: id)?.task else { return }
        task.state = state
        task.decidedBy = by
        task.decidedAt = now
        task.reason = reason
        commands.append(.task(task))
    }

    /// Writes a variable where it is declared: the step's own first, then the playbook's. Constants stay.
    mutating func set(_ name: String, to value: String, in activation: Int? = nil) {
        if let activation, activations[activation]?.locals[name] != nil {
            activations[activation]?.locals[name]?.value = value
        } else if variables[name]?.isConstant == false {
            variables[name]?.value = value
        }
    }
}
