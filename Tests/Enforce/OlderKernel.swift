import AgentNetlink
import CordonModel
import Glibc
import Synchronization

@testable import AgentEnforce

/// The real kernel, behind a door that refuses what older ones do not know, with the number that they refuse it with.
final class OlderKernel: ByteSocket {
    /// What is not known yet.
    enum Lack: Sendable {
        /// Tables with an owner that outlive it: before 6.9.
        case ownedTables
        /// Chains where packets leave an interface: before 5.16.
        case egress
        /// Chains of interfaces that are not there, in tests those called `gone` and something.
        case absentInterfaces
        /// What is behind the transport's header: before 5.16.
        case innerHeader
        /// What is further than 255 bytes behind a header: before 6.12.
        case farOffsets
    }

    private let kernel: NetlinkSocket
    private let lacks: Set<Lack>
    /// Tables that it has no memory to make or to take away, by their names, and how many more times.
    let refusedTables = Mutex<[String: Int]>([:])
    /// What it refuses chains of single interfaces with, and how many more times.
    let refusedChains = Mutex<(number: Int32, times: Int)>((0, 0))
    private let answers = Mutex<[[UInt8]]>([])
    /// How many requests were refused at the door.
    let refused = Mutex(0)

    var port: UInt32 { kernel.port }

    init(without lacks: Set<Lack>) throws {
        self.lacks = lacks
        kernel = try NetlinkSocket(protocol: NetlinkProtocol.netfilter)
    }

    func send(_ bytes: [UInt8]) throws(NetlinkError) {
        let messages = NetlinkMessage.parse(bytes)
        let unknown = messages.first(where: isUnknown)
        let chain = unknown == nil ? messages.first(where: isRefusedChain) : nil
        guard let refusal = unknown ?? chain ?? messages.first(where: isTooMuch) else { return try kernel.send(bytes) }
        refused.withLock { $0 += 1 }
        // The number, and then the request's header.
        var payload: [UInt8] = []
        let number = chain.map { isAbsent($0) ? ENOENT : refusedChains.withLock { $0.number } } ?? ENOMEM
        payload.append(host: UInt32(bitPattern: unknown == nil ? -number : -EOPNOTSUPP))
        payload += [UInt8](repeating: 0, count: 16)
        var answer: [UInt8] = []
        NetlinkMessage(
            type: NetlinkMessage.Control.error, flags: 0x100, sequence: refusal.sequence, payload: payload
        ).append(to: &answer)
        answers.withLock { $0.append(answer) }
    }

    private func isTooMuch(_ message: NetlinkMessage) -> Bool {
        guard [NFT.Message.newTable.type, NFT.Message.deleteTable.type].contains(message.type),
            let name = Attribute.parse(message.payload.dropFirst(4))[type: 1]?.text
        else { return false }
        return refusedTables.withLock { tables in
            guard let times = tables[name], times > 0 else { return false }
            tables[name] = times - 1
            return true
        }
    }

    private func isRefusedChain(_ message: NetlinkMessage) -> Bool {
        guard message.type == NFT.Message.newChain.type, message.payload.first == NFT.Family.netdev.rawValue else {
            return false
        }
        if isAbsent(message) { return true }
        return refusedChains.withLock { refused in
            guard refused.times > 0 else { return false }
            refused.times -= 1
            return true
        }
    }

    private func isAbsent(_ message: NetlinkMessage) -> Bool {
        guard lacks.contains(.absentInterfaces), let name = Attribute.parse(message.payload.dropFirst(4))[type: 3]?.text
        else { return false }
        return IsolationRules.interface(ofChain: name)?.hasPrefix("gone") == true
    }

    private func isUnknown(_ message: NetlinkMessage) -> Bool {
        let attributes = Attribute.parse(message.payload.dropFirst(4))
        switch message.type {
        case NFT.Message.newTable.type:
            return lacks.contains(.ownedTables) && (attributes[type: 2]?.big ?? 0) != 0
        case NFT.Message.newChain.type:
            return lacks.contains(.egress) && message.payload.first == NFT.Family.netdev.rawValue
        case NFT.Message.newRule.type where !lacks.isDisjoint(with: [.innerHeader, .farOffsets]):
            return attributes[type: 4]?.nested.contains { expression in
                let parts = expression.nested
                guard parts[type: 1]?.text == "payload", let load = parts[type: 2]?.nested else { return false }
                return lacks.contains(.innerHeader) && load[type: 2]?.big == 3
                    || lacks.contains(.farOffsets) && load[type: 3]?.big ?? 0 > 255
            } == true
        default: return false
        }
    }

    func receive(timeoutMilliseconds: Int32) throws(NetlinkError) -> [UInt8]? {
        if let answer = answers.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return answer }
        return try kernel.receive(timeoutMilliseconds: timeoutMilliseconds)
    }
}

/// A thread in a network namespace: sockets belong to the namespace of the thread that opens them.
enum NamespaceThread {
    private final class Work {
        let space: String
        let body: @Sendable () -> Void
        init(_ space: String, _ body: @escaping @Sendable () -> Void) { (self.space, self.body) = (space, body) }
    }

    /// Starts one. Joined by `pthread_join`.
    static func start(in space: String, _ body: @escaping @Sendable () -> Void) -> pthread_t {
        var thread = pthread_t()
        let work = unsafe Unmanaged.passRetained(Work(space, body)).toOpaque()
        unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                let descriptor = unsafe open("/run/netns/\(work.space)", O_RDONLY | O_CLOEXEC)
                defer { close(descriptor) }
                guard descriptor >= 0, NamespaceThread.enter(descriptor) == 0 else { return nil }
                work.body()
                return nil
            }, work)
        return thread
    }

    /// setns(2), which Swift does not see: the C library shows it only to those who ask for GNU's extensions.
    private static func enter(_ descriptor: Int32) -> Int32 {
        guard let symbol = unsafe dlsym(nil, "setns") else { return -1 }
        let call = unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
        // CLONE_NEWNET.
        return call(descriptor, 0x4000_0000)
    }

    /// Runs something there and waits for it.
    static func run<Value: Sendable>(in space: String, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let result = Box<Result<Value, any Error>?>(nil)
        let thread = start(in: space) { result.content.withLock { $0 = Result(catching: body) } }
        pthread_join(thread, nil)
        guard let result = result.content.withLock({ $0 }) else {
            throw Program.Failure(what: "no thread in the namespace \(space)")
        }
        return try result.get()
    }

    private final class Box<Content: Sendable>: Sendable {
        let content: Mutex<Content>
        init(_ content: Content) { self.content = Mutex(content) }
    }
}
