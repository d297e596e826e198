import ControllerIntake
import CordonModel
import Testing

@Suite("The language of searches")
struct EventQueryTests {
    private let event = Event(
        timestamp: Timestamp(seconds: 1_800_000_000), created: Timestamp(seconds: 1_800_000_000),
        original: "Nov 21 web sshd[12]: Failed password for root from 203.0.113.7 port 42 ssh2",
        fields: [.userName: .text("Root"), .sourceIP: .text("203.0.113.7"), .sourcePort: .number(42)])

    @Test(
        "what holds for an event",
        arguments: [
            "user.name:root", "USER:x OR user.name:ROOT", "user.name:r*t", "user.name:ro?t", "user.name:\"root\"",
            "source.ip:203.0.113.0/24", "source.port:42", "source.port:>=42", "source.port:<43 source.port:>41",
            "failed", "\"failed PASSWORD for\"", "203.0.113.7", "pass*", "NOT user.name:bob", "NOT NOT root",
            "(bob OR root) AND (failed OR accepted)", "@timestamp:>=2027-01-15T08:00:00Z", "user.name:*", "sshd[12]:",
            "", "   ", "bob OR failed password", "(\u{61A}bob OR root)",
        ])
    func holds(text: String) throws { #expect(try EventQuery(text).matches(event)) }

    @Test(
        "what does not hold for it",
        arguments: [
            "user.name:roo", "user.name:\"r*t\"", "source.ip:203.0.112.0/24", "source.port:>42", "fail", "asswor",
            "word pass", "NOT root", "root AND bob", "process.name:*", "@timestamp:<2027-01-15T08:00:00Z",
            "(bob OR eve) failed", "user.name:\"\"", "203.0.113",
        ])
    func fails(text: String) throws {
        // 203.0.113 stands in the line as whole words.
        #expect(try EventQuery(text).matches(event) == (text == "203.0.113"))
    }

    @Test(
        "a fault is told with its place",
        arguments: [
            ("user.name:", 11), ("(root", 6), ("root)", 5), ("AND root", 1), ("root AND", 9), ("\"root", 1),
            ("source.ip:10.0.0.0/99", 1), ("source.port:>=x", 1), ("*", 1), ("root OR OR bob", 9), ("NOT", 4),
            ("@timestamp:>yesterday", 1), ("source.ip:1.2.3.300", 1), ("root source.ip:\"web\"", 6),
            ("user.name>=x", 1), ("root user.name=x", 6), ("root and bob", 6), ("root Or bob", 6), ("not root", 1),
        ])
    func faults(text: String, position: Int) throws {
        let error = #expect(throws: EventQueryError.self) { try EventQuery(text) }
        #expect(error?.position == position, "\(text): \(error?.message ?? "")")
        #expect(error?.message.contains("character \(position)") == true)
    }

    @Test("a slip is told with what is meant; words that look like one are found in quotation marks")
    func slips() throws {
        for (text, meant) in [
            ("user.name>=x", "user.name:>=x"), ("user.name=x", "user.name:x"), ("root and bob", "AND"),
            ("source.ip:1.2.3.300", "1.2.3.300 is no address"),
        ] {
            let error = #expect(throws: EventQueryError.self) { try EventQuery(text) }
            #expect(error?.message.contains(meant) == true, "\(error?.message ?? "")")
        }
        for text in ["\"user.name=x\"", "uid=0", "a=b", "\"and\"", "source.ip:10.*", "source.address:web-1"] {
            #expect(throws: Never.self) { try EventQuery(text) }
        }
    }

    @Test("what is too long, too deep or too much is refused")
    func limits() throws {
        for text in [
            String(repeating: "a", count: 4097),
            String(repeating: "(", count: 100) + "a" + String(repeating: ")", count: 100),
            String(repeating: "NOT ", count: 100) + "a", String(repeating: "a ", count: 100),
        ] {
            #expect(throws: EventQueryError.self) { try EventQuery(text) }
        }
    }

    @Test("an evil pattern is over soon")
    func evil() throws {
        let line = String(repeating: "a", count: 200_000)
        let long = Event(
            timestamp: event.timestamp, created: event.created, original: line, fields: [.message: .text(line)])
        #expect(try !EventQuery("message:*a*a*a*a*a*a*b").matches(long))
    }

    @Test("evil words are looked for in one pass: any other way would never end")
    func evilWords() throws {
        let line = Event(
            timestamp: event.timestamp, created: event.created, original: String(repeating: "a", count: 32_768))
        for word in ["*a", "?a", "*a?"] {
            let evil = try EventQuery(String(repeating: word, count: 100) + "b")
            #expect(!evil.matches(line))
        }
        #expect(try EventQuery(String(repeating: "*a", count: 100)).matches(line))
    }

    @Test("words are found as the plainest way of looking finds them")
    func wordsAsDefined() throws {
        var random = SystemRandomNumberGenerator()
        func text(_ letters: [String], _ most: Int) -> String {
            (0..<Int.random(in: 1...most, using: &random)).map { _ in letters.randomElement(using: &random) ?? "" }
                .joined()
        }
        for _ in 0..<5000 {
            let (line, word) = (text(["a", "b", "-"], 8), text(["a", "B", "-", "*", "?"], 5))
            guard let query = try? EventQuery(word) else { continue }
            let found = Event(timestamp: event.timestamp, created: event.created, original: line)
            #expect(query.matches(found) == Plain.isFound(word, in: line), "\(word) in \(line)")
        }
    }
}

@Suite("Warnings of event queries")
struct EventQueryWarningTests {
    @Test(
        "a field that is none of the documented ones is named with the one nearest to it",
        arguments: [
            ("user.nmae:root", ["user.nmae is not of the documented fields; did you mean user.name?"]),
            ("pid:7", ["pid is not of the documented fields; did you mean process.pid?"]),
            ("NOT (Source.IP:10.0.0.1)", ["Source.IP is not of the documented fields; did you mean source.ip?"]),
            ("zzz.qqq:x OR zzz.qqq:y", ["zzz.qqq is not of the documented fields."]),
            ("user.name:a @timestamp:>2026-01-01T00:00:00Z event.original:b event.created:* word", []),
        ])
    func nearest(text: String, warnings: [String]) throws {
        #expect(try EventQuery(text).warnings == warnings)
    }

    @Test("a name of any length costs little, and is cut where it is shown")
    func long() throws {
        let warning = try #require(EventQuery(String(repeating: "a", count: 120) + ":x").warnings.first)
        #expect(warning.utf8.count < 110 && warning.contains("…"))
    }
}

/// What a word means, tried in every way.
private enum Plain {
    static func isFound(_ word: String, in line: String) -> Bool {
        let (word, line) = (Array(word.lowercased()), Array(line))
        return line.indices.contains { start in
            (!isOfWord(word.first) || start == 0 || !isOfWord(line[start - 1]))
                && begins(word[...], line, start, word.last)
        }
    }

    private static func begins(_ word: ArraySlice<Character>, _ line: [Character], _ at: Int, _ last: Character?)
        -> Bool
    {
        guard let first = word.first else { return !isOfWord(last) || at == line.count || !isOfWord(line[at]) }
        if first == "*" {
            if begins(word.dropFirst(), line, at, last) { return true }
            return at < line.count && isOfWord(line[at]) && begins(word, line, at + 1, last)
        }
        return at < line.count && (first == "?" || first == line[at])
            && begins(word.dropFirst(), line, at + 1, last)
    }

    private static func isOfWord(_ character: Character?) -> Bool { character?.isLetter ?? false }
}
