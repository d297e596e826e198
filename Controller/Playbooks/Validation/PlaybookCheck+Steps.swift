internal import CordonScan

/// Steps and their commands, one by one.
extension PlaybookCheck {
    mutating func checkSteps() {
        guard let workflow = document["workflow"]?.object else { return }
        guard workflow.count <= Playbook.Limits.steps else {
            return fault("limit.steps", ["workflow"], "A playbook has at most \(Playbook.Limits.steps) steps.")
        }
        for (id, step) in workflow {
            guard step.object != nil else {
                fault("member.kind", ["workflow", id], "A step must be an object, not \(step.kindName).")
                continue
            }
            check(step, id)
        }
    }

    private mutating func check(_ json: JSONValue, _ id: String) {
        let place = ["workflow", id]
        guard let step = playbook.steps[id] else { return }
        checkMembers(json, PlaybookSchema.step, at: place, what: "step \(id)")
        checkMembers(json, PlaybookSchema.members(of: step.kind), at: place, what: "step \(id)")
        checkVariables(json["step_variables"], at: place + ["step_variables"])
        if !CacaoIdentifier.isValid(id) {
            fault("member.identifier", place, "“\(id.prefix(80))” is no identifier of the form type--UUID.")
        } else if step.kind != .unknown, !id.hasPrefix(step.kind.rawValue + "--") {
            warn("identifier.type", place, "The identifier of this step should begin with “\(step.kind.rawValue)--”.")
        }
        checkFollowers(step, place)
        checkReferences(step, place)
        checkSettings(json, step, place)
        switch step.kind {
        case .action: checkAction(step, json, place)
        case .ifCondition: checkCondition(step, place)
        case .whileCondition:
            checkCondition(step, place)
            notRun(step, place)
        case .switchCondition, .playbookAction: notRun(step, place)
        case .start, .end, .parallel, .unknown: break
        }
    }

    private mutating func notRun(_ step: Step, _ place: [String]) {
        warn(
            "engine.step", place, "This version does not run \(step.kind.rawValue) steps: \(step.title).",
            preventsStart: true)
    }

    private mutating func checkFollowers(_ step: Step, _ place: [String]) {
        switch step.kind {
        case .end:
            if !step.followers.isEmpty { fault("flow.end", place, "An end step has nothing after it: \(step.title).") }
        case .start:
            if step.onSuccess != nil || step.onFailure != nil {
                fault("flow.start", place, "A start step has only on_completion.")
            }
            if step.onCompletion == nil { fault("member.missing", place, "The start step has no “on_completion”.") }
        default:
            if step.onCompletion != nil, step.onSuccess != nil || step.onFailure != nil {
                warn("flow.exclusive", place, "on_completion stands beside on_success or on_failure: \(step.title).")
            }
            if step.afterSuccess == nil, step.kind != .unknown {
                warn("flow.open", place, "Nothing follows \(step.title), not even an end.", preventsStart: true)
            }
        }
    }

    private mutating func checkReferences(_ step: Step, _ place: [String]) {
        var references: [(tokens: [String], id: String)] = []
        let single = [
            ("on_completion", step.onCompletion), ("on_success", step.onSuccess), ("on_failure", step.onFailure),
            ("on_true", step.onTrue), ("on_false", step.onFalse),
        ]
        for (name, id) in single { if let id { references.append(([name], id)) } }
        for (index, id) in step.nextSteps.enumerated() { references.append((["next_steps", String(index)], id)) }
        for (value, id) in step.cases { references.append((["cases", value], id)) }
        for (tokens, id) in references where playbook.steps[id] == nil {
            fault("step.dangling", place + tokens, "There is no step \(id.prefix(80)) in the workflow.")
        }
    }

    private mutating func checkSettings(_ json: JSONValue, _ step: Step, _ place: [String]) {
        let definitions = document["extension_definitions"]
        for (id, settings) in json["step_extensions"]?.object ?? JSONObject() {
            let place = place + ["step_extensions", id]
            if definitions?[id] == nil {
                warn("extension.undefined", place, "The extension is not described under extension_definitions.")
            }
            guard id == CordonExtension.id else { continue }
            for (tokens, message) in StepSettings.faults(settings) {
                fault("extension.cordon", place + tokens, message)
            }
            for name in step.settings.outputs.keys.sorted() where !step.outArgs.contains(name) {
                warn(
                    "extension.output", place + ["outputs", name],
                    "\(name.prefix(60)) is not in the step's out_args and stays unset.")
            }
        }
    }

    private mutating func checkCondition(_ step: Step, _ place: [String]) {
        guard !step.condition.isEmpty else {
            if document["workflow"]?[step.id]?["condition"]?.text != nil {
                fault("condition.syntax", place + ["condition"], "The condition is empty.")
            }
            return
        }
        do {
            let condition = try ConditionParser.parse(step.condition)
            for name in Set(condition.variables).sorted() { checkDefined(name, step, place + ["condition"]) }
            if condition.usesMatches {
                warn(
                    "engine.condition", place + ["condition"], "This version does not evaluate MATCHES.",
                    preventsStart: true)
            }
        } catch {
            fault(
                "condition.syntax", place + ["condition"],
                "The condition “\(step.condition.prefix(120))” cannot be read: \(error.message) at character \(error.offset + 1)."
            )
        }
    }

    private mutating func checkDefined(_ name: String, _ step: Step, _ place: [String]) {
        guard step.variables[name] == nil, playbook.variables[name] == nil else { return }
        warn("variable.undefined", place, "The variable \(name.prefix(80)) is not defined.", preventsStart: true)
    }

    private mutating func checkAction(_ step: Step, _ json: JSONValue, _ place: [String]) {
        let agents = document["agent_definitions"]?.object ?? JSONObject()
        let targets = document["target_definitions"]?.object ?? JSONObject()
        if let agent = step.agent, agents[agent] == nil {
            warn(
                "agent.undefined", place + ["agent"], "The agent \(agent.prefix(80)) is not defined.",
                preventsStart: true)
        }
        for (index, target) in step.targets.enumerated() where targets[target] == nil {
            warn(
                "target.undefined", place + ["targets", String(index)],
                "The target \(target.prefix(80)) is not defined.",
                preventsStart: true)
        }
        for list in ["in_args", "out_args"] {
            for (index, name) in (json[list]?.texts ?? []).enumerated()
            where step.variables[name] == nil && playbook.variables[name] == nil {
                warn(
                    "variable.undefined", place + [list, String(index)],
                    "The variable \(name.prefix(80)) is not defined.")
            }
        }
        for (index, command) in (json["commands"]?.array ?? []).enumerated() {
            let place = place + ["commands", String(index)]
            checkMembers(command, PlaybookSchema.command(command["type"]?.text ?? ""), at: place, what: "command")
            check(step.commands[index], step, place)
        }
        for id in step.targets + [step.agent].compactMap(\.self) {
            guard let party = targets[id] ?? agents[id] else { continue }
            for name in Self.references(in: party) { checkDefined(name, step, place) }
        }
    }

    private mutating func check(_ command: Command, _ step: Step, _ place: [String]) {
        switch command.offered {
        case .manual:
            if command.command == nil, command.commandBase64 == nil {
                warn("command.empty", place, "A manual command should have “command” or “command_b64”.")
            }
            for name in Substitution.references(in: OpenC2Payload.text(of: command) ?? "") {
                checkDefined(name, step, place)
            }
        case .httpAPI: checkCall(command, step, place)
        case .openC2, .openC2HTTP: checkOpenC2(command, step, place)
        case nil:
            guard !command.type.isEmpty else { return }
            warn(
                "engine.command", place,
                "This version does not run \(command.type.prefix(40)) commands: \(step.title).",
                preventsStart: true)
        }
    }

    private mutating func checkCall(_ command: Command, _ step: Step, _ place: [String]) {
        if let line = command.command, HTTPForm.startLine(line) == nil {
            warn(
                "http.start_line", place + ["command"], "“\(line.prefix(80))” is not like “POST /path HTTP/1.1”.",
                preventsStart: true)
        }
        let texts = [command.command, command.content].compactMap(\.self) + command.headers.map(\.value)
        for name in texts.flatMap({ Substitution.references(in: $0) }) { checkDefined(name, step, place) }
        for id in step.targets where document["target_definitions"]?[id]?["authentication_info"] != nil {
            warn(
                "engine.authentication", place, "This version does not sign in to HTTP targets: \(step.title).",
                preventsStart: true)
        }
    }

    private mutating func checkOpenC2(_ command: Command, _ step: Step, _ place: [String]) {
        if command.contentBase64 == nil, command.commandBase64 == nil {
            warn(
                "openc2.plain", place,
                "An OpenC2 command should stand in “command_b64” (or “content_b64” of openc2-http).")
        }
        do {
            let json = try OpenC2Payload.json(of: command)
            let references = Self.references(in: json)
            for name in references { checkDefined(name, step, place) }
            // With variables in it, it is checked when they are filled in.
            if references.isEmpty { _ = try OpenC2Command(json).agentAction() }
        } catch {
            warn("engine.openc2", place, "\(step.title): \(RunMachine.sentence(error))", preventsStart: true)
        }
    }

    /// The variables that the strings of a value refer to.
    private static func references(in json: JSONValue) -> [String] {
        switch json {
        case .text(let text): Substitution.references(in: text)
        case .array(let elements): elements.flatMap { references(in: $0) }
        case .object(let members): members.flatMap { references(in: $0.value) }
        case .null, .flag, .integer, .number: []
        }
    }
}
