internal import CordonModel

/// How steps begin and end.
extension RunMachine {
    func enterFailure(_ id: String) -> String { "The step \(id) does not exist." }

    mutating func enter(_ id: String, _ branch: Int) {
        guard let step = playbook.steps[id] else { return add(.close(branch: branch, failure: enterFailure(id))) }
        guard countStep() else { return end(.failed, "The run entered more than \(Limits.steps) steps.") }
        if step.kind == .end { return add(.close(branch: branch, failure: nil)) }
        let activation = number()
        activations[activation] = Activation(step: step, branch: branch, locals: step.variables)
        if step.delay > .zero {
            wake(activation, .delay, after: step.delay)
        } else {
            add(.begin(activation))
        }
    }

    mutating func begin(_ number: Int) {
        guard let step = activations[number]?.step else { return }
        let isManual = step.commands.contains { $0.offered == .manual }
        if let timeout = step.timeout ?? (step.kind == .action && !isManual ? Limits.action : nil) {
            wake(number, .timeout, after: timeout)
        }
        switch step.kind {
        case .start: add(.finish(number, failure: nil))
        case .action: add(.perform(number))
        case .ifCondition: decide(number, step)
        case .parallel:
            guard !step.nextSteps.isEmpty else { return add(.finish(number, failure: nil)) }
            for next in step.nextSteps { add(.enter(step: next, branch: openBranch(of: number))) }
        case .end, .playbookAction, .whileCondition, .switchCondition, .unknown:
            add(.finish(number, failure: "This version does not run \(step.kind.rawValue) steps."))
        }
    }

    private mutating func decide(_ number: Int, _ step: Step) {
        let holds: Bool
        do {
            holds = try ConditionParser.parse(step.condition).holds(scope(of: number))
        } catch let error as Condition.EvaluationError {
            return add(.finish(number, failure: "The condition “\(step.condition)” has no answer: \(error.message)."))
        } catch {
            return add(.finish(number, failure: "The condition “\(step.condition)” cannot be read."))
        }
        note("step.decided", "\(step.title): \(step.condition) is \(holds).")
        guard let next = holds ? step.onTrue : step.onFalse else { return add(.finish(number, failure: nil)) }
        add(.enter(step: next, branch: openBranch(of: number)))
    }

    /// The step is done: what follows it in its branch.
    mutating func finish(_ number: Int, _ failure: String?) {
        guard let activation = activations[number] else { return }
        var failure = failure
        if failure == nil { failure = writeOutputs(number) }
        drop(number)
        let step = activation.step
        if let failure {
            failed(step, activation.branch, failure)
        } else if let next = step.afterSuccess {
            add(.enter(step: next, branch: activation.branch))
        } else {
            add(.close(branch: activation.branch, failure: nil))
        }
    }

    private mutating func failed(_ step: Step, _ branch: Int, _ failure: String) {
        // A container passes on what its branch has already said.
        let sentence = step.branches.isEmpty ? "\(step.title) failed: \(failure)" : failure
        if step.branches.isEmpty || failure.contains("ACTION_TIMEOUT") { note("step.failed", sentence) }
        set("__cordon_failure__", to: failure)
        set("__cordon_failed_step__", to: step.id)
        if let next = step.onFailure {
            add(.enter(step: next, branch: branch))
        } else {
            add(.close(branch: branch, failure: sentence))
        }
    }

    /// The variables that the step sees.
    func scope(of number: Int) -> [String: Variable] {
        variables.merging(activations[number]?.locals ?? [:]) { _, own in own }
    }

    mutating func wake(_ activation: Int, _ purpose: MachineTimer.Purpose, after duration: Duration) {
        let timer = number()
        timers[timer] = MachineTimer(activation: activation, purpose: purpose, at: now + duration)
        commands.append(.wake(timer: timer, at: now + duration))
    }

    mutating func timerFired(_ number: Int) {
        guard let timer = timers.removeValue(forKey: number) else { return }
        switch timer.purpose {
        case .delay: add(.begin(timer.activation))
        case .timeout:
            let id = activations[timer.activation]?.step.id ?? ""
            add(.finish(timer.activation, failure: "ACTION_TIMEOUT in \(id): it took longer than it may."))
        case .due(let task): overdue(task)
        }
    }
}
