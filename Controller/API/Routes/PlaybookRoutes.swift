internal import ControllerCases
internal import ControllerPlaybooks
internal import CordonModel
internal import CordonScan
internal import CordonTrust
internal import HTTPTypes

extension API {
    private static let playbookParameter = [
        Route.Parameter(
            "id", .text(.plain, length: 1...200), "The CACAO identifier, or the name where it is the only one.")
    ]

    /// Playbooks.
    static var playbookRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/playbooks", name: "listPlaybooks", tag: "playbooks",
                summary: "All playbooks, built-in ones first.",
                admission: .role(.viewer), answer: .json(.page("Playbook", PlaybookView.summary))
            ) { call in
                .page(try await call.services.library.list().map(PlaybookView.json), next: String?.none)
            },
            Route(
                method: .get, path: "\(root)/playbooks/{id}", name: "getPlaybook", tag: "playbooks",
                summary: "One playbook with its document.", admission: .role(.viewer), parameters: playbookParameter,
                answer: .json(PlaybookView.schema), problems: [.notFound], handle: getPlaybook
            ),
            Route(
                method: .put, path: "\(root)/playbooks/{id}", name: "importPlaybook", tag: "playbooks",
                summary: "Adds a CACAO 2.0 playbook, or a newer version of one.", admission: .role(.administrator),
                parameters: playbookParameter, body: .document, answer: .json(PlaybookView.schema),
                problems: [.conflict, .unprocessableContent], handle: importPlaybook
            ),
            Route(
                method: .post, path: "\(root)/playbooks/validation", name: "validatePlaybook", tag: "playbooks",
                summary: "Says whether a document is a CACAO 2.0 playbook, and what is wrong with it.",
                admission: .role(.viewer),
                body: .document, answer: .json(PlaybookView.report)
            ) { call in .json(PlaybookView.json(PlaybookValidator.validate(call.bytes))) },
        ]
    }

    @Sendable private static func getPlaybook(_ call: Call) async throws -> Reply {
        let id = call.parameters["id"] ?? ""
        guard let entry = try await call.services.library.entry(id) else { throw Problem.notFound("playbook", id) }
        return .json(PlaybookView.detail(entry))
    }

    @Sendable private static func importPlaybook(_ call: Call) async throws -> Reply {
        let report = PlaybookValidator.validate(call.bytes)
        guard report.isValid else {
            let faults = report.faults.prefix(100).map { Problem.Fault(pointer: $0.pointer, message: $0.message) }
            throw Problem(
                .unprocessableContent, "playbook.invalid", "This is no valid CACAO 2.0 playbook.",
                remedy: "`cordon playbook validate` names every place.", faults: faults
            )
        }
        let document = try? JSONValue.parse(call.bytes)
        guard document?["id"]?.text == call.parameters["id"] else {
            throw Problem.invalid([.init(pointer: "/id", message: "is not the identifier in the address")])
        }
        try await call.services.library.check(report, at: call.services.surroundings.now())
        // In the chain before it is in the folder: nobody changes what rules start without a trace.
        try await call.services.audit.record(
            AuditEntry(
                at: call.services.surroundings.now(), actor: try call.principal().name, verb: "playbook.imported",
                subject: "playbook:\(call.parameters["id"] ?? "")",
                details: ["modified": document?["modified"]?.text ?? "", "sha256": "\(Fingerprint(of: call.bytes))"]))
        return .json(PlaybookView.detail(try await call.services.library.add(call.bytes)))
    }

    /// Runs of playbooks.
    static var runRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/runs", name: "listRuns", tag: "playbooks", summary: "Runs, newest first.",
                admission: .role(.viewer),
                query: .page(
                    .init("case", .identifier, "Only for this case."),
                    .init(
                        "state", .choice(["open"] + RunState.allCases.map(\.rawValue)),
                        "Only in this state; `open` for all that go on.")
                ),
                answer: .json(.page("Run", RunView.schema)), handle: listRuns
            ),
            Route(
                method: .post, path: "\(root)/runs", name: "startRun", tag: "playbooks", summary: "Starts a playbook.",
                admission: .role(.responder),
                body: .json(
                    .object([
                        .optional(
                            "id", .identifier,
                            "The run's identifier, a UUID of version 7 of the caller's. Sent again with the same one, the "
                                + "run that there is is answered, and nothing is started."),
                        .required("playbook", .sentence(200)), .optional("case", .text(.plain, length: 1...40)),
                        .optional(
                            "inputs", .map(.text(.plain, length: 0...10_000), most: 100), "External variables, by name."
                        ),
                    ])
                ),
                status: .created, answer: .json(RunView.schema),
                problems: [.notFound, .conflict, .unprocessableContent],
                handle: startRun
            ),
            Route(
                method: .get, path: "\(root)/runs/{id}", name: "getRun", tag: "playbooks", summary: "One run.",
                admission: .role(.viewer), parameters: .identifier, answer: .json(RunView.schema), problems: [.notFound]
            ) { call in
                let id: RunID = try call.identifier()
                guard let run = try await call.services.runs.run(id) else { throw Problem.notFound("run", "\(id)") }
                return .json(RunView.json(run))
            },
            Route(
                method: .post, path: "\(root)/runs/{id}/cancel", name: "cancelRun", tag: "playbooks",
                summary: "Ends a run now, and withdraws its orders that no host carries out yet.",
                admission: .role(.responder), parameters: .identifier,
                body: .json(.object([.required("reason", .sentence(2000))])),
                answer: .json(RunView.cancelled), problems: [.notFound, .conflict]
            ) { call in
                let run = try await call.services.engine.cancel(
                    call.identifier(), reason: call.text("reason"), by: call.principal())
                return .json(RunView.json(run))
            },
        ]
    }

    @Sendable private static func listRuns(_ call: Call) async throws -> Reply {
        let states: Set<RunState>? =
            switch call.query["state"]?.text {
            case "open": Set(RunState.allCases.filter { !$0.isFinal })
            case let state?: Set([RunState(rawValue: state)].compactMap(\.self))
            case nil: nil
            }
        let filter = RunFilter(
            caseID: call.identifier(query: "case"), states: states, before: try call.cursor(), limit: call.limit
        )
        let runs = try await call.services.runs.runs(filter)
        return .page(runs.map(RunView.json), next: runs.count == call.limit ? runs.last?.id : nil)
    }

    @Sendable private static func startRun(_ call: Call) async throws -> Reply {
        let principal = try call.principal()
        var caseID: CaseID?
        if let name = call.body["case"]?.text { caseID = try await call.services.cases.file(named: name).id }
        var inputs: [String: String] = [:]
        for (name, value) in call.body["inputs"]?.object ?? JSONObject() { inputs[name] = value.text }
        let request = call.body["id"]?.text.flatMap { RunID($0) }
        var isKnown = false
        if let request { isKnown = try await call.services.runs.run(request) != nil }
        let run = try await call.services.engine.start(
            call.text("playbook"), inputs: inputs, caseID: caseID, request: request, by: principal)
        if let caseID, !isKnown {
            try await call.services.cases.noteRun(run.id, of: run.playbook, for: caseID, by: principal)
        }
        return .json(RunView.json(run))
    }

    /// What runs wait for people for.
    static var taskRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/tasks", name: "listTasks", tag: "tasks",
                summary: "What waits for people, oldest first; with `state`, what waited.", admission: .role(.viewer),
                query: [
                    .init("case", .identifier, "Only of this case."), .init("run", .identifier, "Only of this run."),
                    .init("state", .choice(of: ManualTask.State.self), "`open` unless given."),
                    .init("limit", .integer(1...1000), "At most; 200 unless given."),
                ],
                answer: .json(.page("Task", TaskView.schema))
            ) { call in
                let state: ManualTask.State = call.choice(query: "state") ?? .open
                let filter = TaskFilter(
                    caseID: call.identifier(query: "case"), run: call.identifier(query: "run"), states: [state],
                    limit: Int(call.query["limit"]?.integer ?? 200)
                )
                return .page(try await call.services.runs.tasks(filter).map(TaskView.json), next: String?.none)
            },
            Route(
                method: .get, path: "\(root)/tasks/{id}", name: "getTask", tag: "tasks", summary: "One task.",
                admission: .role(.viewer), parameters: .identifier, answer: .json(TaskView.schema),
                problems: [.notFound]
            ) { call in
                let id: TaskID = try call.identifier()
                guard let task = try await call.services.runs.task(id) else { throw Problem.notFound("task", "\(id)") }
                return .json(TaskView.json(task))
            },
            Route(
                method: .post, path: "\(root)/tasks/{id}/decision", name: "decideTask", tag: "tasks",
                summary: "Approves or denies. The task says which role may.", admission: .role(.analyst),
                parameters: .identifier,
                body: .json(
                    .object([
                        .required("decision", .choice(of: TaskDecision.self)), .required("reason", .sentence(2000)),
                    ])
                ),
                answer: .json(TaskView.schema), problems: [.notFound, .conflict]
            ) { call in
                let task = try await call.services.engine.decide(
                    call.identifier(), call.choice("decision") ?? .deny, reason: call.text("reason"),
                    by: call.principal()
                )
                return .json(TaskView.json(task))
            },
        ]
    }
}
