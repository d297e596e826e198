internal import AgentNetlink
package import CordonModel
package import CordonOrders

/// One thing that the journal remembers.
package enum JournalRecord: Sendable, Equatable {
    /// A verified order is about to be carried out or refused.
    case received(Receipt)
    /// An order's result, as it is answered: a serialised `cordon.v1.OrderResult`.
    case finished(OrderID, result: [UInt8])
    /// The host is to be isolated. On disk before it is in force. `lost`: how long the controller may be lost before that
    /// ends it.
    case isolated(
        order: OrderID, issuedAt: Timestamp, term: Term, lost: Duration?, level: Isolation.Level = .networkAndRaw)
    /// One-time codes were made; they replace those before.
    case codes(ReleaseCodes)
    /// A code was used; what people are to be told of it.
    case codeUsed([UInt8], text: String)
    /// All uses of codes so far were told.
    case codeUsesTold
    /// The agent heard the controller: when, by the clock of that boot.
    case heard(boot: String, sinceBoot: Int64)
    /// The host is not to be isolated any longer: by an order, by the end of the term, or by hand.
    case released(why: String)
    /// Networks are to be blocked, all from the same instant.
    case blocked([AddressBlock], start: Term)
    case unblocked(Network)
    /// Something else is to be in force, or what is known of it changed.
    case held(HeldEffect)
    /// It is not to be in force any longer.
    case ended(HeldEffect.Key, why: String)
    /// Orders were forgotten; the last of them was issued then.
    case forgotten(issuedBy: Timestamp)

    /// A verified order, as far as it must be remembered.
    package struct Receipt: Sendable, Equatable {
        package var order: OrderID
        /// SHA-256 of the order's bytes.
        package var digest: [UInt8]
        package var kind: ActionKind
        package var at: Timestamp
        package var expiresAt: Timestamp
        /// Whether it counts against rates: it was carried out, not refused.
        package var counts: Bool
        /// By its controller's clock; `nil` in what versions wrote that did not keep it.
        package var issuedAt: Timestamp? = nil
    }

    private enum Kind: UInt8 {
        case received = 1
        case finished = 2
        case isolated = 3
        case released = 4
        case blocked = 5
        case unblocked = 6
        case held = 7
        case ended = 8
        case heard = 9
        case codes = 10
        case codeUsed = 11
        case codeUsesTold = 12
        case forgotten = 13
    }

    /// The record's bytes, without the frame.
    var bytes: [UInt8] {
        var writer = RecordWriter()
        switch self {
        case .received(let receipt):
            writer.put(Kind.received.rawValue)
            writer.put(receipt.order.uuid.bytes)
            writer.put(receipt.digest)
            writer.put(text: receipt.kind.rawValue)
            writer.put(receipt.at.microseconds)
            writer.put(receipt.expiresAt.microseconds)
            writer.put(UInt8(receipt.counts ? 1 : 0))
            if let issued = receipt.issuedAt { writer.put(issued.microseconds) }
        case .finished(let order, let result):
            writer.put(Kind.finished.rawValue)
            writer.put(order.uuid.bytes)
            writer.put(result)
        case .isolated(let order, let issuedAt, let term, let lost, let level):
            writer.put(Kind.isolated.rawValue)
            writer.put(order.uuid.bytes)
            writer.put(issuedAt.microseconds)
            writer.put(term)
            // What is not said here is as it was before there was a choice: it stays, and all is cut.
            if lost != nil || level != .networkAndRaw { writer.put(lost?.milliseconds ?? 0) }
            if level != .networkAndRaw { writer.put(text: level.rawValue) }
        case .codes(let codes):
            writer.put(Kind.codes.rawValue)
            writer.put(codes.salt)
            for hash in codes.hashes { writer.put(hash) }
        case .codeUsed(let hash, let text):
            writer.put(Kind.codeUsed.rawValue)
            writer.put(hash)
            writer.put(text: text)
        case .codeUsesTold: writer.put(Kind.codeUsesTold.rawValue)
        case .heard(let boot, let sinceBoot):
            writer.put(Kind.heard.rawValue)
            writer.put(text: boot)
            writer.put(sinceBoot)
        case .released(let why):
            writer.put(Kind.released.rawValue)
            writer.put(text: why)
        case .blocked(let blocks, let start):
            writer.put(Kind.blocked.rawValue)
            writer.put(start)
            for block in blocks {
                writer.put(block.network)
                writer.put(block.duration.milliseconds)
            }
        case .unblocked(let network):
            writer.put(Kind.unblocked.rawValue)
            writer.put(network)
        case .held(let effect):
            writer.put(Kind.held.rawValue)
            effect.write(to: &writer)
        case .ended(let key, let why):
            writer.put(Kind.ended.rawValue)
            writer.put(text: key.kind.rawValue)
            writer.put(text: key.subject)
            writer.put(text: why)
        case .forgotten(let issued):
            writer.put(Kind.forgotten.rawValue)
            writer.put(issued.microseconds)
        }
        return writer.bytes
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: ArraySlice<UInt8>) {
        var reader = RecordReader(bytes)
        guard let kind = reader.byte().flatMap(Kind.init) else { return nil }
        let record: JournalRecord? =
            switch kind {
            case .received: Self.receipt(&reader)
            case .finished: reader.order().flatMap { order in reader.rest().map { .finished(order, result: $0) } }
            case .isolated: Self.isolation(&reader)
            case .released: reader.text().map { .released(why: $0) }
            case .blocked: Self.blocks(&reader)
            case .unblocked: reader.network().map { .unblocked($0) }
            case .held: HeldEffect(&reader).map { .held($0) }
            case .ended: Self.ended(&reader)
            case .codes: Self.codes(&reader)
            case .codeUsed: reader.bytes().flatMap { hash in reader.text().map { .codeUsed(hash, text: $0) } }
            case .codeUsesTold: .codeUsesTold
            case .forgotten: reader.number().map { .forgotten(issuedBy: Timestamp(microseconds: $0)) }
            case .heard: reader.text().flatMap { boot in reader.number().map { .heard(boot: boot, sinceBoot: $0) } }
            }
        guard let record else { return nil }
        self = record
    }

    private static func receipt(_ reader: inout RecordReader) -> JournalRecord? {
        guard let order = reader.order(), let digest = reader.bytes(), let name = reader.text(),
            let kind = ActionKind(rawValue: name), let at = reader.number(), let expires = reader.number(),
            let counts = reader.byte()
        else { return nil }
        return .received(
            Receipt(
                order: order, digest: digest, kind: kind, at: Timestamp(microseconds: at),
                expiresAt: Timestamp(microseconds: expires), counts: counts == 1,
                issuedAt: reader.number().map { Timestamp(microseconds: $0) }))
    }

    private static func codes(_ reader: inout RecordReader) -> JournalRecord? {
        guard let salt = reader.bytes() else { return nil }
        var hashes: [[UInt8]] = []
        while !reader.isAtEnd {
            guard let hash = reader.bytes() else { return nil }
            hashes.append(hash)
        }
        return .codes(ReleaseCodes(salt: salt, hashes: hashes))
    }

    private static func isolation(_ reader: inout RecordReader) -> JournalRecord? {
        guard let order = reader.order(), let issued = reader.number(), let term = reader.term() else { return nil }
        var (lost, level): (Duration?, Isolation.Level) = (nil, .networkAndRaw)
        // What was written before there was a choice ends here: it stays, and all is cut.
        if !reader.isAtEnd {
            guard let milliseconds = reader.number(), milliseconds >= 0 else { return nil }
            lost = milliseconds == 0 ? nil : .milliseconds(milliseconds)
        }
        if !reader.isAtEnd {
            guard let named = reader.text().flatMap(Isolation.Level.init), reader.isAtEnd else { return nil }
            level = named
        }
        return .isolated(
            order: order, issuedAt: Timestamp(microseconds: issued), term: term, lost: lost, level: level)
    }

    private static func ended(_ reader: inout RecordReader) -> JournalRecord? {
        guard let key = HeldEffect.Key(&reader), let why = reader.text() else { return nil }
        return .ended(key, why: why)
    }

    private static func blocks(_ reader: inout RecordReader) -> JournalRecord? {
        guard let start = reader.term() else { return nil }
        var blocks: [AddressBlock] = []
        while !reader.isAtEnd {
            guard let network = reader.network(), let milliseconds = reader.number() else { return nil }
            blocks.append(AddressBlock(network: network, duration: .milliseconds(milliseconds)))
        }
        return .blocked(blocks, start: start)
    }
}

/// Numbers big-endian, byte strings behind a 32-bit length.
struct RecordWriter {
    var bytes: [UInt8] = []

    mutating func put(_ byte: UInt8) { bytes.append(byte) }
    mutating func put(_ number: Int64) { bytes.append(big: UInt64(bitPattern: number)) }

    mutating func put(_ content: [UInt8]) {
        bytes.append(big: UInt32(clamping: content.count))
        bytes += content
    }

    mutating func put(text: String) { put(Array(text.utf8)) }

    mutating func put(_ network: Network) {
        put(UInt8(clamping: network.prefix))
        let address = network.address.bytes
        put(UInt8(clamping: address.count))
        bytes += address
    }

    mutating func put(_ term: Term) {
        put(term.start.microseconds)
        put(term.duration.milliseconds)
        put(text: term.boot)
        put(term.startSinceBoot)
    }
}

/// Reads what `RecordWriter` writes; `nil` past the end or for what cannot be.
struct RecordReader {
    private var left: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { left = bytes }

    var isAtEnd: Bool { left.isEmpty }

    mutating func byte() -> UInt8? { left.popFirst() }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard left.count >= count else { return nil }
        defer { left = left.dropFirst(count) }
        return Array(left.prefix(count))
    }

    mutating func number() -> Int64? { take(8).map { Int64(bitPattern: $0.big64(0)) } }
    mutating func bytes() -> [UInt8]? { take(4).flatMap { take(Int($0.big32(0))) } }
    mutating func rest() -> [UInt8]? { bytes() }
    mutating func text() -> String? { bytes().map { String(decoding: $0, as: UTF8.self) } }
    mutating func order() -> OrderID? { bytes().flatMap { OrderID(bytes: $0) } }

    mutating func network() -> Network? {
        guard let prefix = byte(), let count = byte(), let bytes = take(Int(count)),
            let address = IPAddress(bytes: bytes)
        else { return nil }
        return Network(address, prefix: Int(prefix))
    }

    mutating func term() -> Term? {
        guard let start = number(), let milliseconds = number(), let boot = text(), let since = number() else {
            return nil
        }
        return Term(
            start: Timestamp(microseconds: start), duration: .milliseconds(milliseconds), boot: boot,
            startSinceBoot: since)
    }
}
