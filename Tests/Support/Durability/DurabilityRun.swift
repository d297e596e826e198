internal import Glibc

/// The test of "no loss": numbered lines through rotation, with the real agent and controller killed at random moments,
/// the link cut, and the disk of the spool filled and freed.
package struct DurabilityRun {
    /// Lines that are written.
    package var lines: Int
    /// Times that the agent or the controller, by chance, is killed.
    package var kills: Int
    /// The same seed is the same course of events, as far as the machine goes along.
    package var seed: UInt64
    /// How long the agent may take at the end until everything is at the controller.
    package var patience: Duration
    /// Hears of each thing that is done.
    package var says: (String) -> Void

    package init(
        lines: Int, kills: Int, seed: UInt64 = 1, patience: Duration = .seconds(600),
        says: @escaping (String) -> Void = { _ in }
    ) {
        self.lines = lines
        self.kills = kills
        self.seed = seed
        self.patience = patience
        self.says = says
    }

    /// Runs it with the programs in the folder, in a lab of its own. Throws when the lab or a program fails.
    package func run(binaries folder: String) throws -> DurabilityVerdict {
        let lab = try Lab()
        let binaries = try Binaries(in: folder, for: lab)
        let controller = try LabController(lab, binaries)
        let ground = try DurabilityGround(lab, binaries, controller)
        var random = SplitMix(state: seed)
        let log = NumberedLog(ground.host.authLog)
        let steps = max(20, kills * 4)
        var left = Set((0..<steps).shuffled(using: &random).prefix(kills))
        let (cut, fill) = (steps / 3, steps * 2 / 3)
        // A log that was rotated away before anybody ever looked at it is nobody's to read.
        try log.append(1)
        _ = try Waiting.until("the first line at the controller", within: .seconds(90)) {
            try DurabilityVerdict.count(controller.data, in: lab) > 0 ? true : nil
        }
        for step in 0..<steps {
            try log.append(lines * (step + 1) / steps - log.written)
            usleep(UInt32.random(in: 10_000...150_000, using: &random))
            if left.remove(step) != nil {
                let isAgent = Bool.random(using: &random)
                says("\(log.written) lines written; killing the \(isAgent ? "agent" : "controller")")
                try isAgent ? ground.killAgent() : ground.killController()
            }
            if step.isMultiple(of: max(2, steps / 20)) { try log.rotate() }
            if step == cut { try cutLink(ground) }
            if step == fill { try fillDisk(ground) }
        }
        says("all \(log.written) lines are written; waiting until they are at the controller")
        try drain(ground, controller, lab)
        return try DurabilityVerdict(lines: lines, kills: kills, database: controller.data, in: lab)
    }

    private func cutLink(_ ground: DurabilityGround) throws {
        says("cutting the link")
        try ground.cutLink()
        sleep(8)
        try ground.mendLink()
    }

    private func fillDisk(_ ground: DurabilityGround) throws {
        says("filling the disk of the spool")
        try ground.fillDisk()
        sleep(5)
        try ground.freeDisk()
    }

    /// Waits until the controller has all lines, or gets nothing more for a while.
    private func drain(_ ground: DurabilityGround, _ controller: LabController, _ lab: Lab) throws {
        let end = ContinuousClock.now + patience
        var (last, since) = (-1, ContinuousClock.now)
        while ContinuousClock.now < end {
            try ground.mustLive()
            let count = try DurabilityVerdict.count(controller.data, in: lab)
            if count != last {
                says("\(count) of \(lines) are there")
                (last, since) = (count, .now)
            } else if count >= lines || ContinuousClock.now - since > .seconds(75) {
                return
            }
            sleep(2)
        }
    }
}

/// Numbers by chance that can be had again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
