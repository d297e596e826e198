internal import CordonModel
internal import CordonScan

/// A line of Apache's error log: `[Thu Sep 30 13:27:06.009964 2021] [auth_basic:error] [pid 1:tid 2] [client
/// 192.0.2.1:37752] AH01617: WORDS`; version 2.2 has neither module nor process.
///
/// The brackets come first and are Apache's own; the words behind them may quote anybody.
enum ApacheError {
    /// `false` when it is no such line.
    static func read(_ text: ArraySlice<UInt8>, zoneOffset: Int64, into event: inout Event) -> Bool {
        var rest = text
        guard let clock = bracket(&rest), let time = time(clock), let level = bracket(&rest), level.count <= 64 else {
            return false
        }
        event.timestamp = time - .seconds(zoneOffset)
        event.set(.eventDataset, "apache.error")
        event.classify("web", "error", action: "http_error")
        let colon = level.firstIndex(of: UInt8(ascii: ":"))
        event.set(.logLevel, colon.map { level[($0 + 1)...] } ?? level)
        if let process = bracket(&rest, "pid ") {
            event.set(.processPID, process.prefix { $0.isDigit }.decimal)
        }
        systemError(&rest)
        if let client = bracket(&rest, "client ") { peer(client, &event) }
        // mod_security tells the client again.
        _ = bracket(&rest, "client ")
        event.set(.eventReason, rest.prefix(1000))
        var words = rest
        if words.hasPrefix("AH"), let code = words.prefix(12).firstIndex(of: UInt8(ascii: ":")) {
            event.set(.eventCode, words[..<code])
            words = words[(code + 1)...]
            words.skipSpaces()
        }
        reason(words, &event)
        return true
    }

    /// `[…]` and the space behind it; takes it off. With a start, only when it starts so, and without that.
    private static func bracket(_ rest: inout ArraySlice<UInt8>, _ start: StaticString = "") -> ArraySlice<UInt8>? {
        var text = rest
        guard text.take("["), text.take(start), let content = text.prefix(128).firstIndex(of: UInt8(ascii: "]")) else {
            return nil
        }
        defer { rest = text[(content + 1)...].trimmedStart }
        return text[..<content]
    }

    /// `(13)Permission denied: ` before the client.
    private static func systemError(_ rest: inout ArraySlice<UInt8>) {
        var text = rest
        guard text.take("("), text.takeDecimal() != nil, text.take(")"),
            let range = text.prefix(200).firstRange(of: ": "), text[range.upperBound...].hasPrefix("[client ")
        else { return }
        rest = text[range.upperBound...]
    }

    /// `192.0.2.1:37752`, `::1:37752`, or without a port as version 2.2 wrote.
    private static func peer(_ text: ArraySlice<UInt8>, _ event: inout Event) {
        if let colon = text.lastIndex(of: UInt8(ascii: ":")), let port = text[(colon + 1)...].decimal, port <= 65_535,
            let peer = Peer(text[..<colon], port: port), peer.address != nil
        {
            event.set(peer)
        } else if let peer = Peer(text) {
            event.set(peer)
        }
    }

    /// `Thu Sep 30 13:27:06.009964 2021`, by the server's own clock.
    private static func time(_ text: ArraySlice<UInt8>) -> Timestamp? {
        var rest = text
        _ = rest.word()
        guard let month = CommonLogTime.month(&rest), rest.take(" ") else { return nil }
        rest.skipSpaces()
        guard let day = rest.takeDecimal(), rest.take(" "), let hour = rest.takeDecimal(), rest.take(":"),
            let minute = rest.takeDecimal(), rest.take(":"), let second = rest.takeDecimal(), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if rest.take(".") {
            let digits = rest.prefix { $0.isDigit }
            rest.removeFirst(digits.count)
            if digits.count == 6 { fraction = digits.decimal ?? 0 }
        }
        guard rest.take(" "), let year = rest.decimal, let civil = CivilDay(year: year, month: month, day: day) else {
            return nil
        }
        let seconds = civil.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second
        return Timestamp(microseconds: seconds * 1_000_000 + fraction)
    }

    /// `user foo: authentication failure for "/x": Password Mismatch`, `user foo not found: /x`, `client denied by
    /// server configuration: /x`.
    private static func reason(_ words: ArraySlice<UInt8>, _ event: inout Event) {
        var rest = words
        if rest.take("user ") {
            let marks: [StaticString] = [": authentication failure for \"", " not found: "]
            let end = marks.compactMap { rest.firstRange(of: $0) }.min { $0.lowerBound < $1.lowerBound }
            guard let end else { return }
            WebLog.refuse(rest[..<end.lowerBound], &event)
            var target = rest[end.upperBound...]
            if let quote = target.firstRange(of: "\": ") { target = target[..<quote.lowerBound] }
            WebLog.setTarget(target.prefix { $0 != UInt8(ascii: ",") }, &event)
        } else if rest.take("client denied by server configuration: ") {
            event.classify(["web"], ["error", "denied"], action: "http_denied", outcome: "failure")
            event.set(.filePath, rest)
        } else if rest.take("ModSecurity: ") {
            modSecurity(rest, &event)
        }
    }

    /// `… [id "930100"] [msg "Path Traversal"] …`: the first of a name, for what matched is quoted behind them.
    private static func modSecurity(_ words: ArraySlice<UInt8>, _ event: inout Event) {
        event.classify(["web", "intrusion_detection"], ["error", "info"], action: "modsecurity")
        if words.hasPrefix("Access denied") {
            event.fields[.eventType] = .texts(["error", "denied"])
            event.set(.eventOutcome, "failure")
        }
        var rest = words
        if rest.take(until: " [id \"") != nil { event.set(.ruleID, rest.take(until: "\"]")) }
        rest = words
        if rest.take(until: " [msg \"") != nil { event.set(.ruleName, rest.take(until: "\"]")) }
        if let range = words.lastRange(of: " [hostname \"") {
            var host = words[range.upperBound...]
            if let name = host.take(until: "\"]") { WebLog.setDomain(name, &event) }
        }
        if let range = words.lastRange(of: " [uri \"") {
            var uri = words[range.upperBound...]
            if let path = uri.take(until: "\"]") { WebLog.setTarget(path, &event) }
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmedStart: ArraySlice<UInt8> {
        var slice = self
        slice.skipSpaces()
        return slice
    }
}
