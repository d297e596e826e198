internal import AgentNetlink
package import CordonModel
package import CordonScan
internal import Logging

/// Tells of what begins and ceases to listen, and of connections that this host opens, TCP and UDP: all sockets are
/// looked at over and over (sock_diag), and the kernel says which TCP connections ended between two looks.
package actor SocketSource: Source {
    package nonisolated let id = "sockets"
    private let reading: SocketReading
    private let interval: Duration
    private let seesLoopback: Bool
    private nonisolated let thread = SourceThread(name: "cordon-sockets")
    private let logger = Logger(label: "cordon.collect.sockets")

    private var scan: SocketScan
    private var records: [Record] = []
    private var gaps: [Gap] = []
    private var isOverfull = false
    /// The kernel dropped ends since the last look.
    private var isDeaf = false

    /// SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY of `linux/sock_diag.h`. Anybody may hear them.
    private static let groups: [Int32] = [1, 3]
    private static let bufferBytes: Int32 = 4 << 20
    private static let positionInterval = Duration.seconds(60)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - processes: what is known of the processes that sockets belong to; shared with other sources.
    ///   - interval: between two looks.
    ///   - seesLoopback: whether connections within this host are told too.
    package init(
        users: UserNames, processes: ProcessTable, interval: Duration, seesLoopback: Bool, surroundings: Surroundings
    ) {
        reading = SocketReading(users: users, processes: processes, clock: ProcessClock(surroundings: surroundings))
        self.interval = interval
        self.seesLoopback = seesLoopback
        scan = SocketScan(places: [], seesLoopback: seesLoopback)
    }

    /// What of sockets is not seen, in words; `nil` when all is.
    package static var blindness: String? {
        let reads = Capability.dacReadSearch.isHeld || Capability.dacOverride.isHeld
        if Capability.sysPtrace.isHeld, reads { return nil }
        return "other users' processes that have them open are not seen without CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
    }

    /// Why sockets cannot be listed; `nil` when they can.
    package static var obstacle: (any ActionableError)? {
        do throws(NetlinkError) {
            _ = try NetlinkSocket(protocol: NetlinkProtocol.socketDiagnostics, bufferBytes: 1 << 16)
            return nil
        } catch {
            return refusal(error)
        }
    }

    private static func refusal(_ error: NetlinkError) -> CollectError {
        CollectError(
            "no_sockets", "The kernel does not list sockets (error \(error.number)).",
            remedy: "It needs CONFIG_INET_DIAG and CONFIG_INET_UDP_DIAG.")
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        let places = position?["listening"]?.array?.compactMap { $0.text.flatMap { ListeningPlace($0) } }
        scan = SocketScan(places: Set(places ?? []), seesLoopback: seesLoopback)
        if let blindness = Self.blindness { lose("Of sockets, \(blindness).") }
        if let position {
            lose(
                """
                Sockets were not watched from \(position["until"]?.text ?? "the last time") until now. Connections \
                that were opened meanwhile are not told.
                """)
        }
        let (ends, lists) = try opened()
        var channel = NetlinkChannel(lists)
        var (nextLook, lastKept, isFirst) = (ContinuousClock.now, ContinuousClock.now, true)
        while !Task.isCancelled {
            if .now >= nextLook {
                try look(&channel, toldPlaces: places != nil)
                nextLook = .now + interval
            }
            if isFirst || !records.isEmpty || !gaps.isEmpty || .now - lastKept > Self.positionInterval {
                let batch = SourceBatch(records: records, gaps: gaps, position: place)
                (records, gaps, lastKept, isFirst) = ([], [], .now, false)
                try await deliver(batch)
            }
            hear(ends, until: nextLook)
        }
    }

    private var place: JSONValue {
        let listening = scan.places.map(\.text).sorted().map { JSONValue.text($0) }
        return ["until": .text("\(reading.clock.now())"), "listening": .array(listening)]
    }

    private func opened() throws(CollectError) -> (ends: NetlinkSocket, lists: NetlinkSocket) {
        do throws(NetlinkError) {
            let number = NetlinkProtocol.socketDiagnostics
            let ends = try NetlinkSocket(protocol: number, bufferBytes: Self.bufferBytes)
            for group in Self.groups { try ends.join(group: group) }
            return (ends, try NetlinkSocket(protocol: number, bufferBytes: Self.bufferBytes))
        } catch {
            throw Self.refusal(error)
        }
    }

    private func lose(_ message: String, items: Int = 0) {
        logger.warning("\(message)")
        gaps.append(Gap(source: id, noticedAt: reading.clock.now(), message: message, items: items))
    }

    // MARK: - Looking and listening

    private func look(_ channel: inout NetlinkChannel, toldPlaces: Bool) throws(CollectError) {
        let found: SocketScan.Findings
        do throws(NetlinkError) { found = try scan.run(&channel, toldPlaces: toldPlaces) } catch {
            throw Self.refusal(error)
        }
        let new = found.opened.map(\.socket.inode) + found.listening.map(\.socket.inode)
        let owners = new.isEmpty ? [:] : SocketOwners.find(Set(new))
        records += found.stopped.map(reading.stopped)
        records += found.listening.map { reading.listening($0.place, $0.socket, owner: owners[$0.socket.inode]) }
        records += found.opened.map { reading.opened($0.flow, $0.socket, owner: owners[$0.socket.inode]) }
        if found.leftOut > 0 {
            lose("More connections were opened between two looks than are told of.", items: found.leftOut)
        }
        if found.isOverfull, !isOverfull {
            lose("There are more than \(SocketScan.limit) connections: those beyond are not told of.")
        }
        isOverfull = found.isOverfull
        isDeaf = false
    }

    /// Hears of connections that end, half a second at most.
    private func hear(_ ends: NetlinkSocket, until end: ContinuousClock.Instant) {
        let wait = min(.milliseconds(500), max(.zero, end - .now))
        var patience = Int32(clamping: wait.milliseconds)
        while records.count < SourceBatch.recordLimit {
            do throws(NetlinkError) {
                guard let datagram = try ends.receive(timeoutMilliseconds: patience) else { return }
                patience = 0
                guard let socket = InetSocket(datagram, at: 16, end: datagram.count),
                    let flow = scan.ended(socket)
                else { continue }
                records.append(reading.opened(flow, socket, owner: nil, isShortLived: true))
            } catch {
                if !isDeaf {
                    lose("The kernel told of more connections that ended than were read: short ones may be missing.")
                }
                isDeaf = true
                return
            }
        }
    }
}
