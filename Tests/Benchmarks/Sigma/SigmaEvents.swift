internal import CordonModel
internal import CordonScan
internal import CordonSigma
internal import Glibc

/// The process events of the corpus, in each form in which a contender takes them.
struct SigmaEvents {
    let file: String
    /// The lines as they are.
    var lines: [[UInt8]] = []
    /// As agents have them.
    var events: [Event] = []

    init(file: String) throws {
        self.file = file
        lines = try Self.read(file).split(separator: UInt8(ascii: "\n")).map { Array($0) }
        events = try lines.map { Self.event(try JSONValue.parse($0)["event"]?.object ?? JSONObject()) }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else { throw BenchmarkError(message: "\(path) is not there") }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func event(_ object: JSONObject) -> Event {
        var event = Event(timestamp: Timestamp(seconds: 0), created: Timestamp(seconds: 0), original: "")
        event.fields[.eventCategory] = .texts(["process"])
        event.fields[.eventType] = .texts(["start"])
        let names: [(String, ECSField)] = [
            ("Image", .processExecutable), ("CommandLine", .processCommandLine),
            ("ParentImage", .processParentExecutable), ("ParentCommandLine", .processParentCommandLine),
            ("User", .userEffectiveName), ("CurrentDirectory", .processWorkingDirectory),
        ]
        for (name, field) in names { event.fields[field] = object[name]?.text.map { .text($0) } }
        return event
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
