package import CordonModel
internal import Logging

/// Playbooks by rule. The wish is committed with what caused it; the start follows, and follows again after a stop.
extension CaseBook {
    /// Starts what was wanted when the controller stopped. Call it once at start, when the engine takes runs.
    package func resume() async {
        do {
            for id in try await repository.awaitingPlaybooks() { await startPlaybooks(of: try await file(id)) }
        } catch {
            logger.error("Playbooks of cases wait to be started: \(error)")
        }
    }

    /// Writes down that a person started a run for the case.
    package func noteRun(_ run: RunID, of playbook: String, for id: CaseID, by principal: Principal) async throws {
        _ = try await amend(id) { file, amendment in
            guard !file.playbooks.contains(where: { $0.run == run }) else { return }
            amendment.playbooks = [
                CasePlaybook(playbook: playbook, request: run, run: run, state: .started, at: amendment.at)
            ]
            amendment.tell(
                .run, "Playbook \(playbook) started by \(principal.name).", by: principal.name, verb: "case.playbook",
                in: id,
                reference: "run:\(run)", details: ["playbook": playbook, "run": "\(run)"]
            )
        }
    }

    /// Puts the playbooks that the rules choose for the alert on the case, each once.
    func want(playbooksFor alert: Alert, in file: Case, _ amendment: inout CaseAmendment) {
        var known = Set(file.playbooks.map(\.playbook))
        for rule in rules where rule.matches(alert) && known.insert(rule.playbook).inserted {
            let request = surroundings.identifier(of: RunID.self)
            amendment.playbooks.append(
                CasePlaybook(playbook: rule.playbook, request: request, state: .wanted, at: amendment.at)
            )
            amendment.tell(
                .run,
                "Playbook \(rule.playbook) chosen: the rule for \(rule.alertRule) at \(rule.minimumSeverity.rawValue) or above.",
                by: Principal.system.name, verb: "case.playbook", in: file.id, reference: "run:\(request)",
                details: ["playbook": rule.playbook, "rule": rule.alertRule, "run": "\(request)"]
            )
        }
    }

    /// Starts what is wanted. A playbook that cannot be started is marked, told in the timeline, and left to people.
    func startPlaybooks(of file: Case) async {
        for wanted in file.playbooks where wanted.state == .wanted {
            var outcome = wanted
            var complaint: String?
            do {
                outcome.run = try await hooks.startPlaybook(
                    PlaybookStart(playbook: wanted.playbook, request: wanted.request, file: file)
                )
                outcome.state = .started
            } catch is CancellationError {
                return
            } catch {
                outcome.state = .failed
                complaint = "\(error)"
            }
            await settle(outcome, complaint, in: file.id)
        }
    }

    private func settle(_ outcome: CasePlaybook, _ complaint: String?, in id: CaseID) async {
        do {
            _ = try await amend(id) { _, amendment in
                amendment.playbooks = [outcome]
                guard let complaint else { return }
                amendment.tell(
                    .run, "Playbook \(outcome.playbook) could not be started: \(complaint)", by: Principal.system.name,
                    verb: "case.playbook_failed", in: id, details: ["playbook": outcome.playbook, "reason": complaint]
                )
            }
        } catch {
            logger.error("Case \(id): the start of playbook \(outcome.playbook) could not be written down: \(error)")
        }
    }
}
