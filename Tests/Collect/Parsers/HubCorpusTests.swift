import AgentCollect
import CordonModel
import CordonTesting
import Glibc
import SystemPackage
import Testing

/// CrowdSec's hub: log lines with what its parsers make of them (MIT).
private enum Hub {
    static let tests = (Corpora.folder ?? "") + "/crowdsec-hub/tests"

    static func read(_ path: String) -> [String] {
        guard let file = try? FileDescriptor.open(FilePath(tests + "/" + path), .readOnly) else { return [] }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        var filled = 0
        while let got = try? unsafe bytes.withUnsafeMutableBytes({
            try unsafe file.read(into: .init(rebasing: $0[filled...]))
        }), got > 0 {
            filled += got
        }
        try? file.close()
        return bytes[..<filled].split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What a parser is expected to find in one line.
    struct Expectation {
        var message = ""
        var program = "sshd"
        var address: String?
        var user: String?
    }

    /// `results["s01-parse"]["crowdsecurity/NAME"][3].Evt.Meta["source_ip"] == "1.2.3.4"`.
    static func expectations(_ path: String) -> [Expectation] {
        var found: [String: Expectation] = [:]
        for line in read(path) where line.hasPrefix("results[\"s01-parse\"][\"crowdsecurity/sshd") {
            guard let at = line.firstIndex(of: "."), let equals = line.firstRange(of: "\"] == \"") else { continue }
            let value = String(line[equals.upperBound...].dropLast())
            let key = String(line[..<at])
            var expectation = found[key] ?? Expectation()
            switch line[at..<equals.lowerBound] {
            case ".Evt.Parsed[\"message": expectation.message = value.replacing("\\\"", with: "\"")
            case ".Evt.Parsed[\"program": expectation.program = value
            case ".Evt.Meta[\"source_ip": expectation.address = value
            case ".Evt.Meta[\"target_user": expectation.user = value
            default: break
            }
            found[key] = expectation
        }
        return found.values.filter { !$0.message.isEmpty }
    }
}

@Suite("The parsers beside CrowdSec's", .enabled(if: Corpora.obstacle == nil, "\(Corpora.obstacle ?? "")"))
struct HubCorpusTests {
    @Test(
        "sshd lines give the address and user that CrowdSec's hub expects",
        arguments: [
            "sshd-logs", "sshd-success-logs", "sshd-invalid-bf",
        ])
    func sshd(folder: String) {
        let expectations = Hub.expectations(folder + "/parser.assert")
        #expect(!expectations.isEmpty)
        var agreed = 0
        for expectation in expectations {
            let envelope = Record.Envelope.known(timestamp: nil, program: expectation.program, pid: 1)
            let record = Record(text: Array(expectation.message.utf8), envelope: envelope)
            let event = Normalizer().normalize(record, now: Timestamp(seconds: 1_790_000_000))
            let expectedAddress = expectation.address.flatMap { IPAddress($0) }
            let sameAddress = event.address(.sourceIP) == expectedAddress
            let sameUser = expectation.user.map { $0 == event.text(.userName) } ?? true
            if sameAddress, sameUser { agreed += 1 }
            #expect(sameAddress, "\(expectation.message): \(event.text(.sourceIP) ?? "none")")
            #expect(sameUser, "\(expectation.message): \(event.text(.userName) ?? "none")")
        }
        print("\(folder): \(agreed) of \(expectations.count) lines agree")
    }

    @Test("no line of the whole corpus crashes, and each is kept")
    func all() {
        var lines = 0
        for folder in FolderNames.of(Hub.tests) {
            for file in FolderNames.of(Hub.tests + "/" + folder) where file.hasSuffix(".log") {
                for line in Hub.read(folder + "/" + file) {
                    for program in [nil, "sshd", "sudo", "su"] as [String?] {
                        let envelope =
                            program.map { Record.Envelope.known(timestamp: nil, program: $0, pid: nil) } ?? .syslog
                        let event = Normalizer().normalize(
                            Record(text: Array(line.utf8), envelope: envelope), now: Timestamp(seconds: 0))
                        #expect(event.original == line)
                    }
                    lines += 1
                }
            }
        }
        #expect(lines > 300)
    }
}

enum FolderNames {
    static func of(_ path: String) -> [String] {
        guard let stream = unsafe opendir(path) else { return [] }
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
}
