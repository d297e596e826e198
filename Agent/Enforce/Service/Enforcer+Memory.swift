internal import CordonModel
internal import CordonOrders
internal import Logging

/// The memory of a process as evidence.
extension Enforcer {
    func collectMemory(
        _ wanted: MemoryCollection, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let held = try ProcessKill(policy: policy, agentUser: configuration.agentUser).open(wanted.target)
        try policy.checkMemory(of: held.process, agentUser: configuration.agentUser)
        let draft = try draft(order.id, need: ProcessMemory.least, atMost: wanted.mostBytes, policy)
        let stillness = Stillness(of: held.process.pid, longest: wanted.longestStill)
        // Until it stood still it could become another program.
        guard let process = RunningProcess(pid: held.process.pid), process.startTime == held.process.startTime else {
            throw EnforceError("process.gone", "Process \(held.process.pid) ended before its memory was read.")
        }
        try policy.check(process, agentUser: configuration.agentUser)
        try policy.checkMemory(of: process, agentUser: configuration.agentUser)
        let note =
            "cordon: memory of process \(process.pid), started at tick \(process.startTime), \(process.executable ?? "?"), at "
            + "\(clock.now()), order \(order.id)"
        let memory = try ProcessMemory(process, still: stillness.report, note, into: draft)
        let still = stillness.end()
        let name = process.executableName?.filter { $0.isLetter || $0.isNumber || "-_.".contains($0) } ?? ""
        let evidence = try draft.finish(
            name: "core.\(name.isEmpty ? "process" : String(name.prefix(60))).\(process.pid)")
        let faults = Self.faults(memory, still)
        let pages = memory.unreadable == 0 ? [] : ["pages that could not be read, and are zeros: \(memory.unreadable)"]
        let stood = still.stood.map { "; it stood still for \($0.milliseconds) ms" } ?? ""
        let lines =
            ["registers of \(memory.threads) threads\(stood)"] + ProcessMemory.lines(memory.plan) + faults + pages
        let title = "The memory of process \(process.pid) is collected"
        let message =
            faults.isEmpty
            ? "\(title): \(memory.copied) bytes\(stood)." : "\(title), but \(faults.joined(separator: "; "))."
        var verdict = Self.brought(evidence, lines, message, begun)
        verdict.proof?.probes.append(Self.goesOn(held))
        return verdict
    }

    /// What a reader of the core file must know before he believes it.
    private static func faults(_ memory: ProcessMemory, _ still: Stillness.Report) -> [String] {
        var faults: [String] = []
        if memory.isGone { faults.append("the process ended meanwhile: the file ends after \(memory.copied) bytes") }
        if let fault = still.fault { faults.append("it ran meanwhile, \(fault): the copy may mix its states") }
        if still.isTimeOver, let stood = still.stood {
            faults.append("it was let go on after \(stood.wholeSeconds) s: the rest may mix its states")
        }
        if memory.plan.foreign > 0 {
            faults.append("\(memory.plan.foreign) bytes of files of network and FUSE file systems are left out")
        }
        if memory.plan.size + memory.plan.foreign < memory.plan.used {
            faults.append("not all is there: \(memory.plan.size) of \(memory.plan.used) bytes")
        }
        return faults
    }

    /// Whether nobody holds it any longer.
    private static func goesOn(_ held: ProcessKill.Held) -> Proof.Probe {
        func state() -> Character? {
            RunningProcess(pid: held.process.pid).flatMap { $0.startTime == held.process.startTime ? $0.state : nil }
        }
        // The kernel wakes it a moment after it was let go.
        let deadline = ContinuousClock.now + .milliseconds(500)
        while state() == "t", ContinuousClock.now < deadline { if held.handle.hasEnded(within: 1) { break } }
        let now = state()
        return Proof.Probe(
            name: "process_goes_on", passed: now != "t",
            observed: now.map { "process \(held.process.pid) is in state \($0)" }
                ?? "process \(held.process.pid) has ended")
    }
}
