package import CordonModel

/// What is to be done about a case.
extension CaseBook {
    @discardableResult
    package func addTask(
        _ title: String, to id: CaseID, assignee: String? = nil, by principal: Principal
    ) async throws -> CaseTask {
        let title = try CaseText.checked(title, "task", limit: Case.Limits.title)
        let assignee = try assignee.map { try CaseText.checked($0, "assignee", limit: Case.Limits.name) }
        let task = CaseTask(
            id: surroundings.identifier(), title: title, assignee: assignee, createdAt: surroundings.now(),
            createdBy: principal.name
        )
        _ = try await work(on: id, by: principal) { file, amendment in
            guard file.tasks.count < Case.Limits.tasks else {
                throw CaseError.full("tasks", Case.Limits.tasks, file.label)
            }
            amendment.tasks = [task]
            amendment.tell(
                .task, "Task added: \(title)", by: principal.name, verb: "case.task_added", in: id,
                reference: "task:\(task.id)",
                details: ["task": "\(task.id)", "title": title]
            )
        }
        return task
    }

    /// Ends a task, done or dropped, or takes it up again.
    @discardableResult
    package func setTask(
        _ task: TaskID, to state: CaseTask.State, in id: CaseID, by principal: Principal
    ) async throws -> Case {
        try await work(on: id, by: principal) { file, amendment in
            guard var changed = file.tasks.first(where: { $0.id == task }) else {
                throw CaseError.noTask(task, in: file.label)
            }
            guard changed.state != state else { return }
            guard changed.state == .open || state == .open else { throw CaseError.taskFinished(changed.state) }
            changed.state = state
            changed.finishedAt = state == .open ? nil : amendment.at
            changed.finishedBy = state == .open ? nil : principal.name
            amendment.tasks = [changed]
            amendment.tell(
                .task, "Task \(state.rawValue): \(changed.title)", by: principal.name,
                verb: "case.task_\(state.rawValue)", in: id,
                reference: "task:\(task)", details: ["task": "\(task)"]
            )
        }
    }

    /// Gives a task to a person, or to nobody.
    @discardableResult
    package func assignTask(_ task: TaskID, to person: String?, in id: CaseID, by principal: Principal) async throws
        -> Case
    {
        let person = try person.map { try CaseText.checked($0, "assignee", limit: Case.Limits.name) }
        return try await work(on: id, by: principal) { file, amendment in
            guard var changed = file.tasks.first(where: { $0.id == task }) else {
                throw CaseError.noTask(task, in: file.label)
            }
            guard changed.assignee != person else { return }
            changed.assignee = person
            amendment.tasks = [changed]
            amendment.tell(
                .task, "Task given to \(person ?? "nobody"): \(changed.title)", by: principal.name,
                verb: "case.task_assigned",
                in: id, reference: "task:\(task)", details: ["task": "\(task)", "to": person ?? ""]
            )
        }
    }
}
