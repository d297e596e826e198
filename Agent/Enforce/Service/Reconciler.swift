internal import AgentNetlink
internal import CLinux
internal import CordonModel
internal import CordonWire
internal import Logging
internal import Synchronization

/// Keeps what is desired in force, and ends what is over, for as long as the enforcer lives. One thread.
package struct Reconciler: Sendable {
    private let enforcer: Enforcer
    private let links: NetlinkSocket
    /// Only where tables can be changed by others.
    private let tables: NetlinkSocket?

    /// How long a loss may go unnoticed where no news tells of it.
    var interval = Duration.milliseconds(400)
    /// The rules are read back and compared so often, news or not.
    private static let thoroughInterval = Duration.seconds(30)

    /// Begins to listen for changes.
    package init(_ enforcer: Enforcer) throws(EnforceError) {
        self.enforcer = enforcer
        do {
            links = try NetlinkSocket(protocol: NetlinkProtocol.route)
            try links.join(group: NetlinkProtocol.linkGroup)
            if enforcer.ownsTables {
                tables = nil
            } else {
                let socket = try NetlinkSocket(protocol: NetlinkProtocol.netfilter)
                try socket.join(group: NetlinkProtocol.tableGroup)
                tables = socket
            }
        } catch {
            throw .system("firewall.unavailable", "Changes of the network cannot be listened for", error.number)
        }
    }

    /// Runs until the closure says stop; it is asked at every round, so it can also feed a watchdog.
    package func run(whileTrue goesOn: () -> Bool) {
        let descriptors = [links.descriptor] + (tables.map { [$0.descriptor] } ?? [])
        var lastThorough = ContinuousClock.now
        while goesOn() {
            var ready = [UInt8](repeating: 0, count: descriptors.count)
            let wait = Int32(clamping: interval.milliseconds)
            let news = unsafe clinux_wait_any(descriptors, Int32(descriptors.count), wait, &ready)
            if news > 0 { drain() }
            let due = ContinuousClock.now - lastThorough > Self.thoroughInterval
            if due { lastThorough = .now }
            enforcer.tick(thorough: news > 0 || due)
            enforcer.keepFrozen()
            enforcer.keepLocked()
            enforcer.keepStopped()
            enforcer.keepKeysOut()
            enforcer.keepCronOff()
            enforcer.keepBlocked()
        }
    }

    /// News only say that something changed: what is in force is read, not deduced.
    private func drain() {
        for socket in [links] + (tables.map { [$0] } ?? []) {
            for _ in 0..<10_000 {
                do {
                    if try socket.receive(timeoutMilliseconds: 0) == nil { break }
                } catch {
                    // ENOBUFS: more news than room. Something changed; that is all they say anyway.
                    continue
                }
            }
        }
    }
}

extension Enforcer {
    /// Whether nobody else can change our tables.
    var ownsTables: Bool { core.withLock { $0.containment.ownsTables } }

    /// Ends what is over, puts back what is lost; each for itself, so that what the kernel or the disk refuses keeps nothing
    /// else from being looked at.
    package func tick(thorough: Bool) {
        core.withLock { core in
            do { try endIsolation(&core) } catch {
                log.error("an isolation that is over could not be ended", metadata: ["error": "\(error)"])
            }
            reckon(&core)
            if thorough { core.journal.forgetEndedBlocks() }
            let said = endHeld(&core) + core.containment.repair(core.journal.desired, clock: clock, thorough: thorough)
            for line in said {
                log.warning("\(line)")
                announcements.announce(.drift, line, at: clock.now())
            }
        }
    }

    /// Ends an isolation whose time is over, or whose controller was not heard for too long.
    private func endIsolation(_ core: inout Core) throws(EnforceError) {
        if core.journal.desired.isIsolationOver(clock: clock) {
            _ = try core.containment.release()
            record([.released(why: "the term is over")], &core)
            forgetSeenIsolation()
            log.notice("the isolation has ended: its time is over")
        }
        if let loss = core.journal.desired.loss(clock: clock) {
            _ = try core.containment.release()
            let why = "the controller was not heard for \(loss.spelled)"
            record([.released(why: why)], &core)
            forgetSeenIsolation()
            log.warning("the isolation has ended: \(why)")
            announcements.announce(.lost, "The isolation has ended by itself: \(why).", at: clock.now())
        }
        // Ended on disk, and the kernel would not: nobody is kept cut off by that.
        if core.journal.desired.isolation == nil, core.containment.isIsolating {
            _ = try core.containment.release()
            log.notice("the isolation has ended, which had failed before")
        }
    }

    /// Writes down what is left of terms that began before this boot, where that failed at the start.
    private func reckon(_ core: inout Core) {
        guard !core.journal.isReckoned, (try? core.journal.reckon()) != nil else { return }
        log.notice("what is left after the boot is written down, which had failed before")
    }
}
