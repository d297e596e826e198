internal import ControllerCases
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension API {
    /// Cases, to work on.
    static var caseWorkRoutes: [Route] {
        [
            Route(
                method: .post, path: "\(root)/cases", name: "openCase", tag: "cases", summary: "Opens a case by hand.",
                admission: .role(.analyst),
                body: .json(
                    .object([.required("title", .sentence(300)), .required("severity", .choice(of: Severity.self))])),
                status: .created, answer: .json(CaseView.schema)
            ) { call in
                let file = try await call.services.cases.open(
                    title: call.text("title"), severity: call.choice("severity") ?? .medium, by: call.principal()
                )
                return .json(CaseView.json(file))
            },
            work(
                .put, "status", "setCaseStatus", "Moves a case on.",
                [
                    .required("status", .choice(of: CaseStatus.self)),
                    .optional("reason", .text(.plain, length: 0...4000)),
                ]
            ) { call, cases, id, principal in
                try await cases.setStatus(
                    call.choice("status") ?? .new, of: id, reason: call.text("reason"), by: principal)
            },
            work(
                .put, "assignee", "assignCase", "Gives a case to a user, or to nobody.",
                [
                    .required("assignee", .nullable(.sentence(200)))
                ]
            ) { call, cases, id, principal in
                try await cases.assign(id, to: try await call.assignee(), by: principal)
            },
            work(
                .put, "severity", "setCaseSeverity", "Says how bad it is.",
                [
                    .required("severity", .choice(of: Severity.self))
                ]
            ) { call, cases, id, principal in
                try await cases.setSeverity(call.choice("severity") ?? .medium, of: id, by: principal)
            },
            work(.put, "title", "renameCase", "Gives a case another title.", [.required("title", .sentence(300))]) {
                call, cases, id, principal in try await cases.rename(id, to: call.text("title"), by: principal)
            },
            work(.post, "notes", "addNote", "Writes a note into the timeline.", [.required("text", .sentence(16_384))])
            {
                call, cases, id, principal in try await cases.note(call.text("text"), on: id, by: principal)
            },
            work(
                .post, "observables", "addObservable", "Adds an observable.",
                [
                    .required("kind", .choice(of: Observable.Kind.self)), .required("value", .sentence(1024)),
                ]
            ) { call, cases, id, principal in
                let observable = Observable(kind: call.choice("kind") ?? .host, value: call.text("value"))
                return try await cases.add(observable, to: id, by: principal)
            },
            work(
                .post, "tasks", "addCaseTask", "Writes down something to do.",
                [
                    .required("title", .sentence(300)), .optional("assignee", .sentence(200)),
                ]
            ) { call, cases, id, principal in
                _ = try await cases.addTask(
                    call.text("title"), to: id, assignee: try await call.assignee(), by: principal)
                return try await cases.file(id)
            },
            setTask,
        ]
    }

    private static var setTask: Route {
        Route(
            method: .put, path: "\(root)/cases/{case}/tasks/{task}", name: "setCaseTask", tag: "cases",
            summary: "Ends a task, done or dropped, or takes it up again.", admission: .role(.analyst),
            parameters: caseParameter + [.init("task", .identifier, "The task's identifier.")],
            body: .json(.object([.required("state", .choice(of: CaseTask.State.self))])),
            answer: .json(CaseView.schema),
            problems: [.notFound, .conflict]
        ) { call in
            let file = try await call.file()
            let changed = try await call.services.cases.setTask(
                call.identifier("task"), to: call.choice("state") ?? .open, in: file.id, by: call.principal()
            )
            return .json(CaseView.json(changed))
        }
    }

    /// A route that changes one thing of a case and answers with the case.
    private static func work(
        _ method: HTTPRequest.Method, _ what: String, _ name: String, _ summary: String,
        _ properties: [Schema.Property],
        _ change: @escaping @Sendable (Call, CaseBook, CaseID, Principal) async throws -> Case
    ) -> Route {
        Route(
            method: method, path: "\(root)/cases/{case}/\(what)", name: name, tag: "cases", summary: summary,
            admission: .role(.analyst), parameters: caseParameter, body: .json(.object(properties)),
            answer: .json(CaseView.schema), problems: [.notFound, .conflict, .unprocessableContent]
        ) { call in
            let file = try await call.file()
            return .json(CaseView.json(try await change(call, call.services.cases, file.id, call.principal())))
        }
    }
}
