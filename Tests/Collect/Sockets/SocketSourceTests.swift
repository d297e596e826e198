import AgentNetlink
import CLinux
import CordonModel
import CordonScan
import CordonSigma
import Glibc
import Testing

@testable import AgentCollect

/// A TCP or UDP socket on this host's loopback, IPv4 or IPv6.
private final class Loop: Sendable {
    let descriptor: Int32

    init(_ family: Int32, _ type: __socket_type = SOCK_STREAM) throws {
        descriptor = socket(family, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        self.family = family
    }

    private let family: Int32

    deinit { close(descriptor) }

    func bind() throws {
        let status = unsafe call(port: 0) { unsafe Glibc.bind(descriptor, $0, $1) }
        try #require(status == 0)
    }

    func listen() throws {
        try bind()
        try #require(Glibc.listen(descriptor, 8) == 0)
    }

    func connect(to port: UInt16) throws {
        let status = unsafe call(port: port) { unsafe Glibc.connect(descriptor, $0, $1) }
        try #require(status == 0)
    }

    private func call(port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        if family == AF_INET {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    var port: UInt16 {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return UInt16(bigEndian: address.sin6_port)
    }
}

private let clock = Surroundings(now: { Timestamp(microseconds: clinux_realtime_us()) }, random: { 4 })

extension Record {
    fileprivate func number(_ field: ECSField) -> Int64? {
        if case .number(let number)? = fields[field] { number } else { nil }
    }
    fileprivate func isAction(_ action: String) -> Bool { fields[.eventAction] == .text(action) }
    fileprivate var isOpening: Bool { isAction("connection_opened") }
}

@Suite(
    "Sockets, from the kernel", .serialized,
    .enabled(if: SocketSource.obstacle == nil, "the kernel does not list sockets here: no sock_diag"),
    .timeLimit(.minutes(1)))
struct SocketSourceTests {
    let deliveries = Deliveries()

    private func following(
        interval: Duration = .milliseconds(100), from position: JSONValue? = nil,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let source = SocketSource(
            users: UserNames(), processes: ProcessTable(readsProc: true), interval: interval, seesLoopback: true,
            surroundings: clock)
        try await CollectTests.following(source, from: position, into: deliveries) {
            while await deliveries.position == nil { try await Task.sleep(for: .milliseconds(10)) }
            try await body()
        }
    }

    @Test(
        "what begins to listen, a connection to it and its end are told, with the process, and once",
        arguments: [AF_INET, AF_INET6])
    func lifeOfAListener(_ family: Int32) async throws {
        try await following {
            var listener: Loop? = try Loop(family)
            try listener?.listen()
            let port = try #require(listener?.port)
            let start = await deliveries.first {
                $0.isAction("listening_started") && $0.number(.destinationPort) == Int64(port)
            }
            #expect(start?.number(.processPID) == Int64(getpid()))
            #expect(start?.fields[.destinationIP] == .text(family == AF_INET ? "127.0.0.1" : "::1"))
            let client = try Loop(family)
            try client.connect(to: port)
            let opened = try #require(
                await deliveries.first { $0.isOpening && $0.number(.destinationPort) == Int64(port) })
            #expect(opened.number(.sourcePort) == Int64(client.port))
            #expect(opened.number(.processPID) == Int64(getpid()))
            #expect(opened.fields[.networkType] == .text(family == AF_INET ? "ipv4" : "ipv6"))
            #expect(opened.fields[.userID] == .text(String(geteuid())) && opened.fields[.tags] == nil)
            listener = nil
            _ = await deliveries.first {
                $0.isAction("listening_stopped") && $0.number(.destinationPort) == Int64(port)
            }
            let records = await deliveries.records
            let about = records.filter { $0.number(.destinationPort) == Int64(port) }
            #expect(about.count == 3, "the accepted end is nobody's connection")
            #expect(records.allSatisfy { $0.number(.sourcePort) != Int64(port) })
        }
    }

    @Test("a connection that ended between two looks is told, without its process", arguments: [AF_INET, AF_INET6])
    func shortLived(_ family: Int32) async throws {
        let listener = try Loop(family)
        try listener.listen()
        let port = listener.port
        try await following(interval: .seconds(3600)) {
            do {
                let client = try Loop(family)
                try client.connect(to: port)
                close(accept(listener.descriptor, nil, nil))
            }
            let opened = try #require(
                await deliveries.first { $0.isOpening && $0.number(.destinationPort) == Int64(port) })
            #expect(opened.fields[.tags] == .texts(["short_lived", "owner_unknown"]))
            #expect(opened.fields[.userID] != .text("0"), "the kernel's 0 is nobody's")
            #expect(opened.fields[.processPID] == nil)
        }
    }

    @Test("UDP that waits for anybody is told when it lasts; a joined one is a connection")
    func datagrams() async throws {
        try await following {
            let waiting = try Loop(AF_INET, SOCK_DGRAM)
            try waiting.bind()
            let port = waiting.port
            let joined = try Loop(AF_INET, SOCK_DGRAM)
            try joined.connect(to: port)
            let listening = await deliveries.first {
                $0.isAction("listening_started") && $0.number(.destinationPort) == Int64(port)
            }
            #expect(listening?.fields[.networkTransport] == .text("udp"))
            let opened = await deliveries.first { $0.isOpening && $0.number(.destinationPort) == Int64(port) }
            #expect(opened?.fields[.networkTransport] == .text("udp"))
            #expect(opened?.number(.processPID) == Int64(getpid()))
        }
    }

    @Test("after a restart the time between is a gap, and what listens is compared with what did")
    func restart() async throws {
        var before: Loop? = try Loop(AF_INET)
        try before?.listen()
        let port = try #require(before?.port)
        try await following {}
        #expect(await deliveries.records.filter { $0.number(.destinationPort) == Int64(port) }.isEmpty)
        let position = try #require(await deliveries.position)
        before = nil
        let after = try Loop(AF_INET6)
        try after.listen()
        let other = after.port
        try await following(interval: .seconds(3600), from: position) {
            _ = await deliveries.gap(saying: "not watched")
            let stopped = await deliveries.first {
                $0.isAction("listening_stopped") && $0.number(.destinationPort) == Int64(port)
            }
            let started = await deliveries.first {
                $0.isAction("listening_started") && $0.number(.destinationPort) == Int64(other)
            }
            #expect(stopped != nil && started != nil)
        }
    }

    @Test("rules of category network_connection see connections, and nothing that listens")
    func sigma() async throws {
        let listener = try Loop(AF_INET)
        try listener.listen()
        let port = listener.port
        try await following {
            let client = try Loop(AF_INET)
            try client.connect(to: port)
            let late = try Loop(AF_INET)
            try late.listen()
            let opened = try #require(
                await deliveries.first { $0.isOpening && $0.number(.destinationPort) == Int64(port) })
            let started = try #require(await deliveries.first { $0.isAction("listening_started") })
            let normalizer = Normalizer()
            let connection = try #require(SigmaRecord.views(of: normalizer.normalize(opened, now: clock.now())).first)
            #expect(connection.logSources == [LogSource(product: "linux", category: "network_connection")])
            #expect(connection.texts("Initiated") == ["true"] && connection.texts("DestinationPort") == ["\(port)"])
            #expect(connection.texts("Image").first?.isEmpty == false)
            let place = try #require(SigmaRecord.views(of: normalizer.normalize(started, now: clock.now())).first)
            #expect(place.logSources == [LogSource(product: "linux")])
        }
    }

    @Test("a place is kept as text and read back; what is none is not")
    func places() {
        for text in ["tcp 0.0.0.0 22", "udp ::1 53"] { #expect(ListeningPlace(text)?.text == text) }
        for text in ["", "tcp 22", "sctp ::1 5", "tcp x 5", "tcp ::1 70000"] { #expect(ListeningPlace(text) == nil) }
    }
}
