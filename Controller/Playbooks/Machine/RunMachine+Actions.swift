internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// How the commands of an action step are carried out, one after another.
extension RunMachine {
    /// What the last command's answers said, for outputs.
    struct Answer: Sendable {
        var state = ""
        var message = ""
        var order = ""
        var status: Int?
        var body: [UInt8] = []
    }

    /// Asks for the next command, or ends the step when there is none.
    mutating func perform(_ number: Int) {
        guard let activation = activations[number] else { return }
        guard activation.failures.isEmpty, activation.command < activation.step.commands.count else {
            return add(
                .finish(number, failure: activation.failures.isEmpty ? nil : activation.failures.joined(separator: " "))
            )
        }
        let command = activation.step.commands[activation.command]
        do {
            switch command.offered {
            case .manual: try openTask(number, command)
            case .openC2, .openC2HTTP: try findHosts(number, command)
            case .httpAPI: try call(number, command)
            case nil:
                throw PlaybooksError(
                    code: "engine.command", message: "This version does not run \(command.type) commands.")
            }
        } catch {
            add(.finish(number, failure: Self.sentence(error)))
        }
    }

    static func sentence(_ error: any Error) -> String {
        switch error {
        case let error as OpenC2Error: "OpenC2 \(error.status): \(error.text)"
        case let error as any ActionableError: error.message
        default: "\(error)"
        }
    }

    /// One answer of the current command is in.
    private mutating func settle(_ number: Int, failure: String?) {
        guard var activation = activations[number] else { return }
        activation.outstanding -= 1
        if let failure { activation.failures.append(failure) }
        if activation.outstanding <= 0 { activation.command += 1 }
        activations[number] = activation
        if activation.outstanding <= 0 { add(.perform(number)) }
    }

    private func targets(of step: Step) throws -> [Party] {
        let ids = step.targets.isEmpty ? [step.agent].compactMap(\.self) : step.targets
        let parties = ids.compactMap { playbook.parties[$0] }
        guard !parties.isEmpty, parties.count == ids.count else {
            throw PlaybooksError(code: "step.target", message: "A target of the step is not defined.")
        }
        return parties
    }

    // MARK: Orders

    private mutating func findHosts(_ number: Int, _ command: Command) throws {
        guard let step = activations[number]?.step else { return }
        let substitution = Substitution(variables: scope(of: number))
        let openC2 = try OpenC2Command(substitution.fill(OpenC2Payload.json(of: command)))
        _ = try openC2.agentAction()
        let references = try targets(of: step).map { try $0.hostReference(substitution, alsoNamed: openC2.namedDevice) }
        activations[number]?.outstanding = references.count
        for reference in references {
            let effect = identifier(of: EffectID.self)
            effects[effect] = Waiting(activation: number, command: .find(effect, reference))
            commands.append(.find(effect, reference))
        }
    }

    mutating func hostFound(_ effect: EffectID, _ agent: AgentID) {
        guard let waiting = effects.removeValue(forKey: effect), let activation = activations[waiting.activation] else {
            return
        }
        let step = activation.step
        let action: Action
        do {
            let substitution = Substitution(variables: scope(of: waiting.activation))
            let payload = try OpenC2Payload.json(of: step.commands[activation.command])
            action = try OpenC2Command(substitution.fill(payload)).agentAction()
        } catch {
            return settle(waiting.activation, failure: Self.sentence(error))
        }
        let order = OrderEffect(
            id: identifier(of: OrderID.self), agent: agent, action: action, caseID: caseID, run: run,
            requestedBy: "playbook:\(run)", reason: "\(playbook.name): \(step.name)")
        orders[order.id] = Waiting(activation: waiting.activation, command: .submit(order))
        commands.append(.submit(order))
        let lasting = action.duration.map { " for \($0.wholeSeconds) s" } ?? ""
        note("order.asked", "\(step.name): \(action.sentence)\(lasting) on host \(agent).")
    }

    mutating func orderFinished(_ order: OrderID, _ state: OrderState, _ message: String) {
        guard state.isFinal, let waiting = orders.removeValue(forKey: order) else { return }
        activations[waiting.activation]?.answer = Answer(state: state.rawValue, message: message, order: "\(order)")
        let name = activations[waiting.activation]?.step.name ?? ""
        note("order.\(state.rawValue)", "\(name): the order \(state.rawValue)\(message.isEmpty ? "" : ": \(message)")")
        settle(waiting.activation, failure: state == .succeeded ? nil : "The order \(state.rawValue): \(message)")
    }

    mutating func effectFailed(_ effect: EffectID, _ message: String) {
        guard let waiting = effects.removeValue(forKey: effect) else { return }
        settle(waiting.activation, failure: message)
    }

    // MARK: HTTP

    private mutating func call(_ number: Int, _ command: Command) throws {
        guard let step = activations[number]?.step else { return }
        let substitution = Substitution(variables: scope(of: number))
        var calls: [HTTPEffect] = []
        for target in try targets(of: step) {
            let form = HTTPForm(command: command, target: target, substitution: substitution)
            calls.append(try form.effect(id: identifier(of: EffectID.self), run: run, timeout: step.timeout))
        }
        activations[number]?.outstanding = calls.count
        for call in calls {
            effects[call.id] = Waiting(activation: number, command: .call(call))
            commands.append(.call(call))
        }
    }

    mutating func answered(_ effect: EffectID, _ reply: HTTPReply) {
        guard let waiting = effects.removeValue(forKey: effect) else { return }
        let good = (200...299).contains(reply.status)
        activations[waiting.activation]?.answer = Answer(
            state: good ? "succeeded" : "failed", status: reply.status, body: reply.body)
        settle(waiting.activation, failure: good ? nil : "The server answered \(reply.status).")
    }

    // MARK: People

    private mutating func openTask(_ number: Int, _ command: Command) throws {
        guard let step = activations[number]?.step else { return }
        var text = try Substitution(variables: scope(of: number)).fill(
            OpenC2Payload.text(of: command) ?? step.description)
        // A line that a variable left empty.
        while text.last?.isWhitespace == true { text.removeLast() }
        let settings = step.settings
        let task = ManualTask(
            id: identifier(of: TaskID.self), run: run, caseID: caseID, playbookName: playbook.name, step: step.id,
            stepName: step.name, kind: settings.kind, text: text.isEmpty ? step.name : text, role: settings.role,
            assignee: settings.assignee, createdAt: now, dueAt: now + settings.due, onTimeout: settings.onTimeout)
        activations[number]?.outstanding = 1
        tasks[task.id] = (number, task)
        commands.append(.task(task))
        note("task.opened", "Waiting for a person: \(task.text)")
        wake(number, .due(task.id), after: settings.due)
    }

    mutating func decided(_ id: TaskID, _ decision: TaskDecision, _ by: String, _ reason: String) {
        guard let (activation, task) = tasks[id] else { return }
        let approved = decision == .approve
        closeTask(id, approved ? .approved : .denied, by: by, reason: reason)
        let word =
            switch (task.kind, approved) {
            case (.approval, true): "Approved"
            case (.approval, false): "Denied"
            case (.task, true): "Done"
            case (.task, false): "Not done"
            }
        note("task.decided", "\(word): \(task.text)\(reason.isEmpty ? "" : " (\(reason))")", actor: by)
        answer(activation, task, approved: approved, word, by: by, reason: reason)
    }

    /// Nobody answered in time.
    mutating func overdue(_ id: TaskID) {
        guard let (activation, task) = tasks[id] else { return }
        closeTask(id, .timedOut, reason: "Nobody answered in time: \(task.onTimeout.rawValue).")
        note("task.timed_out", "Nobody answered in time (\(task.onTimeout.rawValue)): \(task.text)")
        switch task.onTimeout {
        case .approve: answer(activation, task, approved: true, "Approved", by: "timeout", reason: "")
        case .deny:
            answer(activation, task, approved: false, "Denied", by: "timeout", reason: "nobody answered in time")
        case .fail: settle(activation, failure: "ACTION_TIMEOUT in \(task.step): nobody answered in time.")
        }
    }

    private mutating func answer(
        _ activation: Int, _ task: ManualTask, approved: Bool, _ word: String, by: String, reason: String
    ) {
        timers = timers.filter { $0.value.purpose != .due(task.id) }
        activations[activation]?.answer = Answer(state: approved ? "approved" : "denied", message: reason)
        settle(activation, failure: approved ? nil : "\(word) by \(by)\(reason.isEmpty ? "." : ": \(reason)")")
    }

    // MARK: Outputs

    /// Writes what the step's extension maps to its `out_args`; returns why it could not.
    mutating func writeOutputs(_ number: Int) -> String? {
        guard let activation = activations[number] else { return nil }
        let scope = scope(of: number)
        for (name, source) in activation.step.settings.outputs.sorted(by: { $0.key < $1.key })
        where activation.step.outArgs.contains(name) {
            guard let value = activation.answer.value(source), value.utf8.count <= Limits.value else {
                return "The result has no “\(source)” for \(name)."
            }
            guard let variable = scope[name], variable.type.accepts(value) else {
                return "The result's “\(source)” is no value for \(name)."
            }
            set(name, to: value, in: number)
        }
        return nil
    }
}

extension RunMachine.Answer {
    /// The part of the answer that an output names.
    func value(_ source: String) -> String? {
        switch source {
        case "state": return state
        case "message": return message
        case "order": return order
        case "status": return status.map(String.init)
        case "body": return String(decoding: body, as: UTF8.self)
        default:
            guard source.hasPrefix("body/"), let pointer = JSONPointer(source.dropFirst(4)),
                let value = (try? JSONValue.parse(body))?[pointer: pointer]
            else { return nil }
            return value.text ?? value.json()
        }
    }
}
