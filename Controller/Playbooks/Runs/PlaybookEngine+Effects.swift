internal import CordonModel

/// How what a run asks for is done, and its answer brought back.
extension PlaybookEngine {
    func perform(_ work: Work) async {
        switch work {
        case .sleep(let instant): await sleep(until: instant)
        case .orderFinished(let order, let state, let message): await settle(order, state, message)
        case .effect(let run, .find(let effect, let host), _): await find(run, effect, host)
        case .effect(let run, .submit(let order), let again): await submit(run, order, again: again)
        case .effect(let run, .call(let call), _): await self.call(run, call)
        case .effect: break
        }
    }

    private func find(_ run: RunID, _ effect: EffectID, _ host: HostReference) async {
        let event: RunEvent
        do {
            let agent = try await hosts.agent(for: host)
            if let named = host.alsoNamed {
                let other = try await hosts.agent(for: HostReference(name: named, addresses: []))
                guard other == agent else {
                    throw PlaybooksError(
                        code: "step.host", message: "The command names the host \(named), the step another.")
                }
            }
            event = .hostFound(effect: effect, agent: agent)
        } catch {
            event = .effectFailed(effect: effect, message: RunMachine.sentence(error))
        }
        await persist(run) { _ in event }
    }

    /// Files an order. After a crash it is first asked for: it may have been filed, and even done.
    private func submit(_ run: RunID, _ order: OrderEffect, again: Bool) async {
        do {
            if again, let progress = try await performer.progress(of: order.id) {
                if progress.state.isFinal { await settle(order.id, progress.state, progress.result?.message ?? "") }
                return
            }
            guard unfiled.remove(order.id) == nil else { return }
            try await performer.submit(order)
            if unfiled.remove(order.id) != nil { await withdrawLate(order) }
        } catch {
            if Task.isCancelled { return }
            let message = RunMachine.sentence(error)
            await persist(run) { _ in .orderFinished(order: order.id, state: .failed, message: message) }
        }
    }

    private func settle(_ order: OrderID, _ state: OrderState, _ message: String) async {
        await retrying {
            guard let run = try await self.repository.run(awaiting: order) else { return }
            try await self.deliver(to: run, by: "order:\(order)") { _ in
                .orderFinished(order: order, state: state, message: message)
            }
        }
    }

    private func call(_ run: RunID, _ call: HTTPEffect) async {
        let event: RunEvent
        do {
            var reply = try await performer.call(call)
            reply.body = Array(reply.body.prefix(65_536))
            event = .answered(effect: call.id, reply: reply)
        } catch {
            // A call that the stop of the controller cut off is no failure of the step: it is made again.
            if Task.isCancelled { return }
            event = .effectFailed(effect: call.id, message: RunMachine.sentence(error))
        }
        await persist(run) { _ in event }
    }

    /// Brings an event into a run's history, whatever it takes: an answer that is not written down would hang the
    /// run.
    func persist(_ run: RunID, _ event: @escaping @Sendable (RunMachine) -> RunEvent) async {
        await retrying { try await self.deliver(to: run, by: "playbook:\(run)", event) }
    }

    /// Again and again with growing pauses, until it works or the task is cancelled.
    private func retrying(_ body: () async throws -> Void) async {
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            do { return try await body() } catch let error as PlaybooksError where error.isPermanent {
                return await hooks.complain("An answer belongs to no run that can be read: \(error)")
            } catch {
                if pause == .milliseconds(100) {
                    await hooks.complain("An answer to a run could not be written down yet: \(error)")
                }
                do { try await hooks.sleep(pause) } catch { return }
                pause = min(pause * 2, .seconds(30))
            }
        }
    }
}
