internal import CordonModel
internal import CordonOrders
internal import Logging
internal import Synchronization

extension Enforcer {
    func kill(_ target: ProcessTarget, _ policy: LocalPolicy, begun: ContinuousClock.Instant) throws -> Verdict {
        let report = try ProcessKill(policy: policy, agentUser: configuration.agentUser).perform(target)
        let applied = ContinuousClock.now - begun
        let gone = report.left.isEmpty
        let seen = gone ? "\(report.killed) ended" : report.left.prefix(10).joined(separator: "; ")
        let proof = Proof(
            applied: report.applied, appliedMicroseconds: applied.microseconds,
            probes: [Proof.Probe(name: "process_gone", passed: gone, observed: seen)])
        guard gone else {
            return Verdict(
                outcome: .failed(code: "process.unkillable"),
                message: "SIGKILL was sent and is pending, but not all have ended: \(seen).", proof: proof)
        }
        return Verdict(
            outcome: .succeeded, message: "\(report.killed) process\(report.killed == 1 ? "" : "es") ended.",
            proof: proof)
    }
}
