import AgentSpool
import CordonModel
import CordonWire
import Glibc
import Synchronization
import SystemPackage

/// A folder for one test, gone with it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        let template = "/tmp/cordon-spool-test.XXXXXX"
        var bytes = template.utf8CString.map { $0 }
        guard unsafe mkdtemp(&bytes) != nil else { throw Errno(rawValue: errno) }
        path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove(path) }

    func remove(_ folder: String) {
        for name in names(in: folder) where unsafe unlink(folder + "/" + name) != 0 { remove(folder + "/" + name) }
        unsafe rmdir(folder)
    }

    func names(in folder: String? = nil) -> [String] {
        guard let stream = unsafe opendir(folder ?? path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func read(_ name: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath(path + "/" + name), .readOnly)
        return try file.closeAfter {
            var bytes = [UInt8](repeating: 0, count: Int(try file.seek(offset: 0, from: .end)))
            var filled = 0
            while filled < bytes.count {
                let got = try unsafe bytes.withUnsafeMutableBytes { buffer in
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                    return try unsafe file.read(fromAbsoluteOffset: Int64(filled), into: rest)
                }
                if got == 0 { break }
                filled += got
            }
            return Array(bytes[..<filled])
        }
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let options: FileDescriptor.OpenOptions = [.create, .truncate]
        let file = try FileDescriptor.open(
            FilePath(path + "/" + name), .writeOnly, options: options, permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    /// What a crash at this moment would leave: files as they are, without the lock. The list of what counts is copied
    /// first: what is written to the others meanwhile is then what a crash leaves of an append that had not returned.
    func crashCopy() throws -> Scratch {
        let copy = try Scratch()
        for name in names().sorted(by: { a, _ in a == "commits" }) where name != "lock" {
            // A name may go between listing and reading, as it may between two writes to a disk.
            guard let bytes = try? read(name) else { continue }
            try copy.write(name, bytes)
        }
        return copy
    }

    var segments: [String] { names().filter { $0.hasSuffix(".seg") } }
    /// Segments of the lowest class, oldest first.
    var bulk: [String] { segments.filter { $0.hasPrefix("bulk") } }
}

/// A clock that stands and randomness that counts.
func fixedSurroundings(seed: UInt64 = 1) -> Surroundings {
    let counter = Atomic<UInt64>(seed)
    let box = Box(counter: counter)
    return Surroundings(now: { Timestamp(seconds: 1_790_000_000) }, random: { box.next() })
}

private final class Box: Sendable {
    let counter: Atomic<UInt64>

    init(counter: consuming Atomic<UInt64>) { self.counter = counter }

    func next() -> UInt64 { counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue }
}

func item(_ number: Int, size: Int = 20) -> [UInt8] {
    let text = Array("item \(number) ".utf8)
    return text + [UInt8](repeating: UInt8(ascii: "x"), count: max(0, size - text.count))
}

extension Spool {
    /// Everything of a class that is not acknowledged, in order.
    func drained(_ itemClass: SpoolClass = .bulk) throws -> [(sequence: UInt64, item: [UInt8])] {
        var all: [(UInt64, [UInt8])] = []
        var after: UInt64 = 0
        while let batch = try next(in: itemClass, after: after) {
            all += batch.items.enumerated().map { (batch.first + UInt64($0.offset), $0.element) }
            after = batch.last
        }
        return all
    }

    /// The gaps that it tells of, in order.
    func gaps() throws -> [Gap] {
        try drained(.security).compactMap { item in
            guard case .gap(let gap)? = try? Telemetry.read(item: item.item, from: nobody) else { return nil }
            return gap
        }
    }
}

/// What the tests hold is no agent's in particular.
private let nobody = AgentID(UUIDv7(high: 1, low: 2))

/// An event of a class, with a text to know it by.
func event(_ text: String, _ itemClass: SpoolClass = .bulk) -> Telemetry {
    var event = Event(timestamp: Timestamp(seconds: 5), created: Timestamp(seconds: 6), original: text)
    switch itemClass {
    case .bulk: event.fields[.eventCategory] = .texts(["web"])
    case .activity: event.fields[.eventCategory] = .texts(["process"])
    case .security: event.fields[.eventCategory] = .texts(["authentication", "session"])
    }
    return .event(event)
}

/// The line of an event that lies in a spool.
func original(_ bytes: [UInt8]) -> String? {
    guard case .event(let event)? = try? Telemetry.read(item: bytes, from: nobody) else { return nil }
    return event.original
}
