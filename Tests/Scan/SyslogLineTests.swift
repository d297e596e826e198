import CordonModel
import CordonScan
import Testing

@Suite("Syslog lines")
struct SyslogLineTests {
    private let now = Timestamp(rfc3339: "2026-01-05T12:00:00Z") ?? Timestamp(seconds: 0)

    private func read(_ text: String, zone: Int64 = 0) -> SyslogLine {
        SyslogLine(Array(text.utf8)[...], now: now, zoneOffset: zone)
    }

    private static let lines: [(String, String, String?, Int64?, String)] = [
        ("Jan  5 11:59:58 web1 sshd[42]: hello", "2026-01-05T11:59:58Z", "sshd", 42, "hello"),
        ("Dec 31 23:59:59 web1 sudo:   alice : x", "2025-12-31T23:59:59Z", "sudo", nil, "  alice : x"),
        (
            "Jan 6 11:00:00 web1 cron[1]: tomorrow by a skewed clock", "2026-01-06T11:00:00Z", "cron", 1,
            "tomorrow by a skewed clock"
        ),
        ("Feb 29 00:00:00 h p: leap", "2024-02-29T00:00:00Z", "p", nil, "leap"),
        ("2025-11-14T00:20:42.738197+01:00 my sshd-session[9]: m", "2025-11-13T23:20:42Z", "sshd-session", 9, "m"),
        ("<38>Jan  5 10:00:00 h sshd[7]: m", "2026-01-05T10:00:00Z", "sshd", 7, "m"),
        (
            "<34>1 2025-10-11T22:14:15.003Z host su 77 ID47 [a b=\"]\\\"\"][c] \u{FEFF}failed", "2025-10-11T22:14:15Z",
            "su", 77, "failed"
        ),
        ("<34>1 2025-10-11T22:14:15Z - - - - - m", "2025-10-11T22:14:15Z", nil, nil, "m"),
        ("Jan  5 10:00:00 h no tag here", "2026-01-05T10:00:00Z", nil, nil, "no tag here"),
    ]

    @Test("headers of all three forms are taken apart", arguments: lines)
    func headers(text: String, time: String, program: String?, pid: Int64?, message: String) {
        let line = read(text)
        #expect(line.timestamp.map { $0.rfc3339(fractionDigits: 0) } == time)
        #expect(line.program == program)
        #expect(line.pid == pid)
        #expect(line.message.string == message)
    }

    @Test("times without a zone are of the zone given, and the year is of that zone")
    func zones() {
        #expect(read("Jan  5 14:00:00 h p: m", zone: 7200).timestamp == Timestamp(rfc3339: "2026-01-05T12:00:00Z"))
        #expect(read("Dec 31 20:00:00 h p: m", zone: -18_000).timestamp == Timestamp(rfc3339: "2026-01-01T01:00:00Z"))
    }

    @Test(
        "what is no syslog line is a message",
        arguments: [
            "", " ", "hello", "Jan", "Jan 99 10:00:00 h p: m", "Jan  5 25:00:00 h p: m", "<999>x", "<1",
            "2025-99-99T00:00:00Z h p: m",
            "Foo  5 10:00:00 h p: m",
        ])
    func strangers(text: String) {
        let line = read(text)
        #expect(line.timestamp == nil && line.program == nil)
        #expect(line.message.string == text)
    }

    @Test("key=value words are found, quoted or not, and the first of a name counts")
    func keyValues() {
        let text = Array("a=1 junk b=\"two words\" c= b=3".utf8)[...]
        #expect(KeyValues.first("b", in: text)?.string == "two words")
        #expect(KeyValues.first("c", in: text)?.string == "")
        #expect(KeyValues.first("d", in: text) == nil)
        #expect(KeyValues(text).map { $0.key.string } == ["a", "b", "c", "b"])
    }
}
