import CordonModel
import CordonScan
import CordonTrust

@testable import AgentCollect

/// Small texts, and other things that are read from bytes.
extension FuzzEntry {
    static let scanning: [FuzzEntry] = [
        FuzzEntry(name: "json") { bytes in
            guard let value = try? JSONValue.parse(bytes) else { return }
            for form in [JSONValue.Form.compact, .indented, .canonical] {
                let written = value.bytes(form)
                try same(JSONValue.parse(written).bytes(form), written, "what is written is read as the same")
            }
        },
        FuzzEntry(name: "syslog-header") { bytes in
            let line = SyslogLine(bytes[...], now: now, zoneOffset: -7 * 3600)
            try same(Array(bytes.suffix(line.message.count)), Array(line.message), "the message is the line's end")
            try hold(line.priority.map { (0..<192).contains($0) } ?? true, "priorities are below 192")
            try hold((line.pid ?? 0) >= 0, "a pid is not negative")
        },
        FuzzEntry(name: "glob") { bytes in
            let parts = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].count <= 64, parts[1].count <= 256 else { return }
            let name = Array(parts[1])
            guard !parts[0].contains(UInt8(ascii: "[")) else {
                _ = FileGlob.matches(parts[0], name[...])
                return
            }
            try same(FileGlob.matches(parts[0], name[...]), plainly(Array(parts[0]), name), "a glob is the shell's")
        },
    ]

    /// What a glob without brackets means, place by place.
    private static func plainly(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        if name.first == UInt8(ascii: "."), pattern.first != UInt8(ascii: ".") { return false }
        var reached = [true] + Array(repeating: false, count: name.count)
        for sign in pattern {
            var next = Array(repeating: false, count: name.count + 1)
            for place in 0...name.count where reached[place] {
                if sign == UInt8(ascii: "*") {
                    for end in place...name.count { next[end] = true }
                } else if place < name.count, sign == UInt8(ascii: "?") || sign == name[place] {
                    next[place + 1] = true
                }
            }
            reached = next
        }
        return reached[name.count]
    }

    static let words: [FuzzEntry] = [
        FuzzEntry(name: "words") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            try reread(text, "an address") { IPAddress($0) }
            try reread(text, "a network") { Network($0) }
            try reread(text, "an end point") { Endpoint($0) }
            try reread(text, "an identifier") { OrderID($0) }
            try reread(text, "a controller's address") { ControllerAddress($0) }
            try reread(text, "a SPIFFE identifier") { SpiffeID($0) }
            if let token = try? EnrolmentToken(text: text) {
                try same(EnrolmentToken(text: token.text), token, "a token is read as it was written")
            }
            if let time = Timestamp(rfc3339: text) {
                // A time zone or a leap second may lead out of the years that can be written.
                let written = time.rfc3339(fractionDigits: 6)
                try same(
                    Timestamp(rfc3339: written)?.rfc3339(fractionDigits: 6), written,
                    "a time is read as it was written")
            }
            if let duration = Duration(spelled: text) {
                try same(Duration(spelled: duration.spelled), duration, "a duration is read as it was written")
            }
        },
        FuzzEntry(
            name: "certificate",
            made: [try CertificateAuthority(fleet: "acme.example", at: now).anchor.certificate]
        ) { bytes in
            guard let anchor = try? TrustAnchor(certificate: bytes) else { return }
            try same(TrustAnchor(pem: anchor.pem).fingerprint, anchor.fingerprint, "PEM is read as it was written")
            _ = try? anchor.agent(certificate: bytes, at: now)
            _ = try? anchor.checkController(certificate: bytes, at: now)
        },
    ]

    private static func reread<Value: Equatable & CustomStringConvertible>(
        _ text: String, _ what: String, _ read: (String) -> Value?
    ) throws {
        guard let value = read(text) else { return }
        try same(read(value.description), value, "\(what) is read as it was written")
    }
}
