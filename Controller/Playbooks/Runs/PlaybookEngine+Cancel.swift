package import CordonModel

/// What became of a run that was cancelled, and of the orders that it waited for.
package struct RunCancellation: Sendable, Hashable {
    package var run: RunRecord
    /// Orders that no host carried out yet: they are not sent again.
    package var withdrawn: [OrderID] = []
    /// Orders that their hosts have: they run on.
    package var runningOn: [OrderID] = []
}

extension PlaybookEngine {
    /// Ends a run now, and withdraws those of its orders that no host carries out yet. What others have done stays done.
    @discardableResult
    package func cancel(_ run: RunID, reason: String, by principal: Principal) async throws -> RunCancellation {
        var open: [OrderID] = []
        try await deliver(to: run, by: principal.name) { machine in
            guard !machine.state.isFinal else { throw PlaybooksError.runOver(machine.record) }
            open = machine.orders.keys.sorted()
            return .cancelled(by: principal.name, reason: String(reason.prefix(2000)))
        }
        guard let record = try await repository.run(run) else { throw PlaybooksError.unknownRun(run) }
        var outcome = RunCancellation(run: record)
        for order in open { await withdraw(order, into: &outcome, by: principal) }
        return outcome
    }

    private func withdraw(_ order: OrderID, into outcome: inout RunCancellation, by principal: Principal) async {
        let reason = Self.reason(outcome.run.id, principal.name)
        do {
            switch try await performer.withdraw(order, because: reason, by: principal.name) {
            case .expired: outcome.withdrawn.append(order)
            case nil:
                // Asked for and not filed yet: who files it finds it here.
                unfiled.insert(order)
                outcome.withdrawn.append(order)
            case .some(let state) where state.isFinal: return
            case .some:
                outcome.runningOn.append(order)
                await tell("The order \(order) is with its host already and runs on.", outcome.run, by: principal.name)
            }
        } catch {
            outcome.runningOn.append(order)
            let why = RunMachine.sentence(error)
            await tell("The order \(order) could not be withdrawn: \(why)", outcome.run, by: principal.name)
        }
    }

    /// Withdraws an order whose run was cancelled while it was being filed.
    func withdrawLate(_ order: OrderEffect) async {
        do {
            _ = try await performer.withdraw(
                order.id, because: Self.reason(order.run, order.requestedBy), by: order.requestedBy)
        } catch {
            await hooks.complain("An order of a cancelled run could not be withdrawn: \(error)")
        }
    }

    /// Withdraws what runs left that were cancelled shortly before the program ended: it may have ended in between.
    /// Orders that a host has, and those that are over, stay as they are.
    func withdrawLeftovers() async throws {
        let horizon = surroundings.now() - .seconds(3600)
        for run in try await repository.runs(RunFilter(states: [.cancelled], limit: 1000))
        where run.finishedAt ?? horizon > horizon {
            do {
                for order in try await openOrders(beforeTheEndOf: run.id) {
                    _ = try await performer.withdraw(
                        order, because: "The run \(run.id) was cancelled.", by: Principal.system.name)
                }
            } catch {
                await hooks.complain("The orders of the cancelled run \(run.id) could not be withdrawn: \(error)")
            }
        }
    }

    /// What the run waited for when its last event came.
    private func openOrders(beforeTheEndOf run: RunID) async throws -> [OrderID] {
        guard let stored = try await repository.stored(run),
            let playbook = PlaybookValidator.validate(stored.definition).playbook
        else { return [] }
        var machine = RunMachine(playbook: playbook, run: run)
        for bytes in stored.events.dropLast() { _ = machine.handle(try RunHistory.decode(bytes, of: run)) }
        return machine.orders.keys.sorted()
    }

    private static func reason(_ run: RunID, _ actor: String) -> String { "\(actor) cancelled the run \(run)." }

    private func tell(_ text: String, _ run: RunRecord, by actor: String) async {
        guard let file = run.caseID else { return }
        await hooks.timeline(
            file, TimelineLine(at: surroundings.now(), kind: "run.cancelled", text: text, actor: actor))
    }
}
