internal import CordonModel
internal import CordonWire
internal import Glibc
internal import SwiftProtobuf

/// Whether a host is well with what was installed, by what can be seen on it. Nothing here depends on how a controller
/// answers, so long as the agent hears it at all: a busy one must not have a fleet go back.
struct HostHealth {
    let folder: ReleaseFolder
    /// Of the enforcer.
    let stateFolder: String
    let socket: String
    let services = ServiceManager()

    /// What is expected of a host.
    struct Wanted {
        var version: String
        var packages: [String]
        /// The enforcer's first.
        var units: [String]
        /// Whether this is what is tried out: its agent must hear the controller, and it must not have lost an isolation. A host
        /// that is gone back may not hear it for that reason, and has what was lost put back.
        var isNew: Bool
    }

    static let enforcer = "cordon-enforcer.service"
    static let agent = "cordon-agent.service"
    static let units = [enforcer, agent, "cordon-guard.service"]
    /// A unit that was started again so often since the packages were installed will not become well by waiting.
    private static let mostRestarts = 10

    /// Waits until the host is well and has been for the grace; `nil` then, or what is wrong with it still when the time is over.
    func fault(_ wanted: Wanted, within patience: Duration, for grace: Duration) -> String? {
        let end = ContinuousClock.now + patience
        var wellSince: (at: ContinuousClock.Instant, runs: [ServiceManager.Run])?
        let first = restarts(wanted)
        // What the agent before said to the new enforcer, while the packages were installed, says nothing of the new one.
        folder.unlink("heard")
        var isolation = IsolationWatch(folder, stateFolder: stateFolder)
        while true {
            let fault: String
            do throws(Unwell) {
                let runs = try look(wanted, &isolation)
                if let since = wellSince, since.runs == runs {
                    if ContinuousClock.now - since.at >= grace { return nil }
                } else {
                    wellSince = (.now, runs)
                }
                // It becomes well only now: that is not held against it.
                guard ContinuousClock.now > end + grace else {
                    usleep(500_000)
                    continue
                }
                fault = "its services do not stay up"
            } catch {
                wellSince = nil
                fault = error.reason
                // Waiting brings nothing back, and the host is open meanwhile.
                if error.isLoss, wanted.isNew { return fault }
            }
            if ContinuousClock.now > end { return fault }
            let again = restarts(wanted) - first
            if again > Self.mostRestarts { return "\(fault); its units were started again \(again) times" }
            usleep(500_000)
        }
    }

    private struct Unwell: Error {
        var reason: String
        /// An isolation was lost, for good unless the host goes back.
        var isLoss: Bool

        init(_ reason: String, isLoss: Bool = false) { (self.reason, self.isLoss) = (reason, isLoss) }
    }

    private func restarts(_ wanted: Wanted) -> Int {
        wanted.units.reduce(0) { $0 + ((try? services.run(of: $1))?.restarts ?? 0) }
    }

    /// Throws what is wrong now; otherwise how its services run.
    private func look(
        _ wanted: Wanted, _ isolation: inout IsolationWatch
    ) throws(Unwell) -> [ServiceManager.Run] {
        for name in wanted.packages {
            let installed = (try? HostPackages().installed(name)) ?? nil
            guard let installed, installed.isWhole, installed.version == wanted.version else {
                throw Unwell("dpkg says that \(name) is not wholly installed in version \(wanted.version)")
            }
        }
        var runs: [ServiceManager.Run] = []
        for unit in wanted.units {
            guard let run = try? services.run(of: unit) else { throw Unwell("systemd does not say how \(unit) is") }
            guard run.active == "active", run.process > 0 else { throw Unwell("\(unit) is \(run.active)") }
            // The kernel says so of a file that was replaced.
            guard TextFile.link("/proc/\(run.process)/exe")?.hasSuffix(" (deleted)") == false else {
                throw Unwell("\(unit) still runs what was there before")
            }
            runs.append(run)
        }
        guard let status = enforcerStatus() else { throw Unwell("the enforcer does not answer at \(socket)") }
        try lookAt(&isolation, status)
        if wanted.isNew, wanted.units.contains(Self.agent), folder.hearing != runs.first?.process {
            throw Unwell("the agent does not hear its controller")
        }
        return runs
    }

    private func lookAt(_ isolation: inout IsolationWatch, _ status: Cordon_V1_EnforcerStatus) throws(Unwell) {
        let finding: IsolationWatch.Finding
        do throws(EnforceError) { finding = try isolation.look() } catch { throw Unwell(error.message) }
        switch finding {
        case .notWanted: return
        case .forgotten:
            throw Unwell(
                "the isolation that was in force was lost: the enforcer's journal has forgotten it", isLoss: true)
        case .notInForce: throw Unwell("the isolation that is to be in force is not in the kernel")
        case .inForce:
            guard status.containment.model().isolatedUntil != nil else {
                throw Unwell("the enforcer does not know of the isolation that is in force")
            }
        }
    }

    /// What the enforcer says of itself; `nil` when it does not answer.
    private func enforcerStatus() -> Cordon_V1_EnforcerStatus? {
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 1
        request.status = Cordon_V1_StatusRequest()
        guard let bytes: [UInt8] = try? request.serializedBytes(), let stream = try? FrameStream(connecting: socket),
            (try? stream.write(bytes)) != nil, let frame = (try? stream.read(beginningWithin: 10_000)) ?? nil,
            let response = try? Cordon_V1_EnforcerResponse(serializedBytes: frame),
            case .status(let status)? = response.response
        else { return nil }
        return status
    }
}
