import AgentCollect
import CordonModel
import CordonTesting
import SystemPackage

/// CrowdSec's hub: log lines with what its parsers make of them (MIT).
enum Hub {
    static let tests = (Corpora.folder ?? "") + "/crowdsec-hub/tests"

    /// The lines of a file that are not empty.
    static func lines(_ path: String) -> [String] {
        CorpusFile.bytes("\(tests)/\(path)").split(separator: 0x0A)
            .map { String(decoding: $0, as: UTF8.self) }
            .filter { !$0.allSatisfy(\.isWhitespace) }
    }

    /// The lines of a case's log.
    static func log(_ folder: String) -> [String] {
        CorpusFile.names(in: "\(tests)/\(folder)").filter { $0.hasSuffix(".log") }.flatMap { lines("\(folder)/\($0)") }
    }

    /// What the lines are, as its settings say.
    static func format(_ folder: String) -> LogFormat? {
        let line = lines("\(folder)/config.yaml").first { $0.hasPrefix("log_type:") }
        switch line?.split(separator: " ").last {
        case "syslog": return .syslog
        case "nginx": return .nginx
        case "apache2", "modsecurity": return .apache
        default: return nil
        }
    }

    /// The folders of cases whose lines are of a format that we read.
    static let folders = CorpusFile.names(in: tests).filter { format($0) != nil }

    /// The event of one line.
    static func event(_ line: String, _ format: LogFormat) -> Event {
        // The year of most of the lines without one.
        Normalizer().normalize(
            Record(text: Array(line.utf8), envelope: format.envelope), now: Timestamp(seconds: 1_790_000_000))
    }

    /// What is expected of one event.
    struct Expectation {
        /// The parser and the event's number, or the scenario's.
        var name: String
        /// Which line it is of; `nil` where that is not said.
        var line: Int?
        var values: [(key: String, value: String)] = []
    }

    /// `results["s01-parse"]["crowdsecurity/NAME"][3].Evt.Meta["source_ip"] == "1.2.3.4"`.
    static func parserExpectations(_ folder: String) -> [Expectation] {
        let start = "results[\""
        return collect("\(folder)/parser.assert") { line in
            guard line.hasPrefix(start), let event = line.firstRange(of: "].Evt.") else { return nil }
            let head = line[..<event.lowerBound].dropFirst(start.count).split(separator: "\"")
            guard head.count == 4, head[0] == "s01-parse" || head[2] == "crowdsecurity/syslog-logs",
                let number = Int(head[3].dropFirst(2))
            else { return nil }
            return (String(head[2]), number, line[event.upperBound...])
        }
    }

    /// `results[0].Overflow.Alert.Events[3].GetMeta("http_path") == "/.htpasswd"`.
    static func scenarioExpectations(_ folder: String) -> [Expectation] {
        collect("\(folder)/scenario.assert") { line in
            guard let mark = line.firstRange(of: ".GetMeta("), line.hasPrefix("results[") else { return nil }
            return (
                String(line[..<mark.lowerBound]), nil,
                "Meta[" + line[mark.upperBound...].replacing(")", with: "]", maxReplacements: 1)
            )
        }
    }

    private static func collect(
        _ path: String, _ split: (Substring) -> (name: String, line: Int?, rest: Substring)?
    ) -> [Expectation] {
        var found: [String: Expectation] = [:]
        for line in lines(path) {
            guard let (name, number, rest) = split(line[...]), let equals = rest.firstRange(of: "\"] == \""),
                let open = rest.firstRange(of: "[\"")
            else { continue }
            let key = "\(rest[..<open.lowerBound]).\(rest[open.upperBound..<equals.lowerBound])"
            let value = unescaped(rest[equals.upperBound...].dropLast())
            found["\(name) \(number ?? 0)", default: Expectation(name: name, line: number)].values.append((key, value))
        }
        return found.values.sorted { ($0.name, $0.line ?? 0) < ($1.name, $1.line ?? 0) }
    }

    /// A text as Go writes it.
    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(["n": "\n", "t": "\t"][character] ?? character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}

/// Files of the corpora.
enum CorpusFile {
    static func bytes(_ path: String) -> [UInt8] {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return [] }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while let count = try? unsafe buffer.withUnsafeMutableBytes({ try unsafe file.read(into: $0) }), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// The names in a folder, sorted.
    static func names(in path: String) -> [String] { FolderNames.of(path) }

    /// All files below a folder.
    static func all(below path: String) -> [String] {
        names(in: path).flatMap { name -> [String] in
            let inner = "\(path)/\(name)"
            return FolderNames.isFolder(inner) ? all(below: inner) : [inner]
        }
    }
}
