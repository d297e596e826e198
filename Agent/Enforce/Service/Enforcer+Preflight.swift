internal import CordonModel
internal import CordonOrders

extension Enforcer {
    /// What isolating this host now would do to it.
    func preflight(_ core: borrowing Core) -> IsolationPreflight {
        let preflight = core.containment.preflight()
        var host = LocalPolicy.Surroundings()
        host.controllers = core.containment.controllers
        host.isolationObstacle = preflight.obstacle
        do throws(Refusal) {
            try core.policy.check(.isolate(Isolation(duration: .seconds(1))), at: host)
            return preflight.report(refusal: nil)
        } catch {
            return preflight.report(refusal: "\(error.message) [\(error.rule)]")
        }
    }
}
