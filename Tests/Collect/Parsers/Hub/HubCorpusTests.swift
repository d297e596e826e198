import AgentCollect
import CordonModel
import CordonTesting
import Glibc
import Testing

/// Where we say another thing than CrowdSec does, on purpose, and why. Anything else that differs is a fault.
private let differences: [(folder: String, key: String, reason: String)] = [
    (
        "mysql-bf", "Meta.source_ip",
        "databases' own words are not read: the line arrives with its header, and the address in its message"
    )
]

/// Ours for each of CrowdSec's names; `nil` for what is its own and no part of the line.
private enum Counterpart {
    /// Names that tell about CrowdSec's work, not about the line.
    static let own: Set<String> = [
        "Meta.datasource_path", "Meta.datasource_type", "Meta.service", "Meta.log_type", "Parsed.logsource",
        "Parsed.timestamp", "Parsed.timestamp8601", "Meta.ASNNumber", "Meta.IsInEU", "Meta.IsoCode", "Meta.cve",
        "Meta.http_args_len", "Meta.target_technology", "Meta.sub_log_type", "Meta.log_subtype", "Parsed.facility",
        "Parsed.priority",
    ]

    static func value(_ key: String, _ event: Event) -> String?? {
        switch key {
        case "Meta.source_ip", "Parsed.sshd_client_ip", "Parsed.remote_addr": .some(event.text(.sourceIP))
        case "Parsed.sshd_client_port", "Parsed.sshd_port": .some(event.number(.sourcePort).map { "\($0)" })
        case "Meta.target_user", "Meta.user", "Meta.username", "Parsed.sshd_auth_user", "Parsed.sshd_invalid_user",
            "Parsed.remote_user", "Parsed.username":
            .some(event.text(.userName))
        case "Meta.machine": .some(event.text(.hostName))
        case "Parsed.program": .some(event.text(.logSyslogAppName))
        case "Parsed.pid": .some(event.number(.processPID).map { "\($0)" })
        case "Parsed.message": .some(event.text(.message))
        case "Meta.http_path", "Parsed.request": .some(event.text(.urlOriginal))
        case "Meta.http_status", "Parsed.status": .some(event.number(.httpResponseStatus).map { "\($0)" })
        case "Meta.http_verb", "Parsed.verb": .some(event.text(.httpRequestMethod))
        case "Meta.http_user_agent", "Parsed.http_user_agent": .some(event.text(.userAgent))
        case "Parsed.http_referer": .some(event.text(.httpRequestReferrer))
        case "Parsed.http_version": .some(event.text(.httpVersion))
        case "Parsed.body_bytes_sent": .some(event.number(.httpResponseBytes).map { "\($0)" })
        case "Meta.target_fqdn", "Parsed.target_fqdn": .some(event.text(.urlDomain))
        case "Meta.sub_type": .some(event.text(.eventAction) == "http_login" ? "auth_fail" : event.text(.eventAction))
        case "Meta.rule_id": .some(event.text(.ruleID))
        case "Meta.binary", "Parsed.binary": .some(event.text(.processName))
        case "Meta.library", "Parsed.library": .some(event.text(.fileName))
        case "Meta.timestamp", "Parsed.time_local": .some("\(event.timestamp)")
        default: nil
        }
    }

    /// CrowdSec writes what is not there as it stands in the log.
    static func agrees(_ key: String, _ expected: String, _ ours: String?) -> Bool {
        if expected == "-" || expected.isEmpty { return ours ?? "" == "" }
        if key == "Meta.timestamp" { return Timestamp(rfc3339: expected).map { "\($0)" } == ours }
        return expected == ours || IPAddress(expected).map { "\($0)" } == ours
    }
}

/// What came of one case.
private struct Tally {
    var events = 0
    var same = 0
    var different: [String: Int] = [:]
    var unknown: Set<String> = []
}

@Suite("The parsers beside CrowdSec's", .enabled(if: Corpora.obstacle == nil, "\(Corpora.obstacle ?? "")"))
struct HubCorpusTests {
    @Test("every field that CrowdSec's parsers are expected to find is found, or is in the table of differences")
    func parsers() {
        var table: [(String, Tally)] = []
        for folder in Hub.folders {
            guard let format = Hub.format(folder) else { continue }
            let lines = Hub.log(folder)
            var byParser: [String: Tally] = [:]
            for expectation in Hub.parserExpectations(folder) where read.contains(expectation.name) {
                guard let number = expectation.line, lines.indices.contains(number) else { continue }
                let event = Hub.event(lines[number], format)
                compare(folder, expectation, event, lines[number], &byParser[expectation.name, default: Tally()])
            }
            table += byParser.sorted { $0.key < $1.key }.map { ("\(folder): \($0.key)", $0.value) }
        }
        #expect(table.map(\.1.events).reduce(0, +) >= 96)
        show(table)
    }

    /// Those whose lines we read. Of the others only the header of syslog is compared.
    private let read: Set<String> = [
        "crowdsecurity/syslog-logs", "crowdsecurity/sshd-logs", "crowdsecurity/sshd-success-logs",
        "crowdsecurity/nginx-logs", "crowdsecurity/apache2-logs", "crowdsecurity/segfault-logs",
        "crowdsecurity/iptables-logs", "crowdsecurity/pam-logs", "crowdsecurity/modsecurity",
    ]

    @Test("every event of a scenario of sshd, nginx and Apache is found among the lines, with its address and user")
    func scenarios() {
        var table: [(String, Tally)] = []
        for folder in Hub.folders {
            guard let format = Hub.format(folder) else { continue }
            let lines = Hub.log(folder)
            let events = lines.map { Hub.event($0, format) }
            // Of a line without a year CrowdSec makes one of the current year.
            let hasYear = format != .syslog
            var tally = Tally()
            for var expectation in Hub.scenarioExpectations(folder) {
                expectation.values.removeAll { $0.key == "Meta.timestamp" && !hasYear }
                let matches = events.map { event in
                    expectation.values.filter { key, value in
                        Counterpart.value(key, event).map { Counterpart.agrees(key, value, $0) } ?? false
                    }.count
                }
                guard let best = matches.indices.max(by: { matches[$0] < matches[$1] }) else { continue }
                compare(folder, expectation, events[best], lines[best], &tally)
            }
            if tally.events > 0 { table.append((folder, tally)) }
        }
        #expect(table.map(\.1.events).reduce(0, +) >= 90)
        show(table)
    }

    private func compare(
        _ folder: String, _ expectation: Hub.Expectation, _ event: Event, _ line: String, _ tally: inout Tally
    ) {
        tally.events += 1
        for (key, expected) in expectation.values where !Counterpart.own.contains(key) {
            guard let ours = Counterpart.value(key, event) else {
                tally.unknown.insert(key)
                continue
            }
            if key == "Parsed.time_local" || isOwnView(key, event) { continue }
            if Counterpart.agrees(key, expected, ours) {
                tally.same += 1
            } else if let known = differences.first(where: { $0.folder == folder && $0.key == key }) {
                tally.different["\(key): \(known.reason)", default: 0] += 1
            } else {
                tally.different["\(key): NOT EXPLAINED", default: 0] += 1
                Issue.record("\(folder) \(key): theirs \(expected), ours \(ours ?? "none"): \(line)")
            }
        }
    }

    /// Where CrowdSec's name stands for the program that it was told, which is not in the line.
    private func isOwnView(_ key: String, _ event: Event) -> Bool {
        key == "Parsed.program" && event.text(.logSyslogAppName) == nil
    }

    private func show(_ table: [(String, Tally)]) {
        print("case: events, fields the same, fields that differ")
        for (name, tally) in table {
            print("\(name): \(tally.events), \(tally.same), \(tally.different.values.reduce(0, +))")
            for (reason, count) in tally.different.sorted(by: { $0.key < $1.key }) { print("    \(count) × \(reason)") }
            if !tally.unknown.isEmpty { print("    not compared: \(tally.unknown.sorted().joined(separator: ", "))") }
        }
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

    static func isFolder(_ path: String) -> Bool {
        guard let stream = unsafe opendir(path) else { return false }
        unsafe closedir(stream)
        return true
    }
}
