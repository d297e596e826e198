package import CordonModel

/// What others see of a run.
extension RunMachine {
    /// The run as lists show it.
    package var record: RunRecord {
        RunRecord(
            id: run, playbook: playbook.id, playbookName: playbook.name, caseID: caseID, state: state,
            startedBy: startedBy,
            startedAt: startedAt, finishedAt: finishedAt, waitingFor: waitingFor, failure: failure)
    }

    /// One sentence on what it waits for, people first.
    private var waitingFor: String {
        if state.isFinal { return "" }
        if let task = tasks.min(by: { $0.key < $1.key })?.value.task {
            return "A person (\(task.assignee ?? task.role.rawValue)): \(task.text)"
        }
        if !orders.isEmpty { return "The answer to \(orders.count == 1 ? "an order" : "\(orders.count) orders")." }
        if !effects.isEmpty { return "An answer." }
        return timers.values.map(\.at).min().map { "The time \($0)." } ?? ""
    }

    /// What was asked for and is not answered: asked again when a run is taken up after a crash.
    package var outstanding: [RunCommand] {
        let effects = effects.sorted { $0.key < $1.key }.map(\.value.command)
        let orders = orders.sorted { $0.key < $1.key }.map(\.value.command)
        let timers = timers.sorted { $0.key < $1.key }.map { RunCommand.wake(timer: $0.key, at: $0.value.at) }
        return effects + orders + timers
    }

    /// Tasks that wait for a person, oldest first.
    package var openTasks: [ManualTask] { tasks.sorted { $0.key < $1.key }.map(\.value.task) }

    /// Orders whose end it waits for.
    package var awaitedOrders: [OrderID] { orders.keys.sorted() }
}
