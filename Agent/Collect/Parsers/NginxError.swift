internal import CordonModel
internal import CordonScan

/// A line of nginx's error log: `2021/09/30 09:23:53 [error] 9#9: *17 WORDS, client: 192.0.2.1, server: _, request: "GET
/// / HTTP/1.1", host: "localhost"`.
///
/// The words may quote a path, and the request is as it came: both can hold `, client: ` and what follows.
enum NginxError {
    /// `false` when it is no such line.
    static func read(_ text: ArraySlice<UInt8>, zoneOffset: Int64, into event: inout Event) -> Bool {
        var rest = text
        guard let time = time(&rest), rest.take(" ["), let level = rest.take(until: "] "), level.count <= 16,
            let pid = rest.takeDecimal(), rest.take("#"), rest.takeDecimal() != nil, rest.take(": ")
        else { return false }
        event.timestamp = Timestamp(seconds: time - zoneOffset)
        event.set(.eventDataset, "nginx.error")
        event.classify("web", "error", action: "http_error")
        event.set(.logLevel, level)
        event.set(.processPID, pid)
        if rest.take("*") {
            _ = rest.takeDecimal()
            rest.skipSpaces()
        }
        let words = client(rest, &event) ?? rest
        event.set(.eventReason, words.prefix(1000))
        reason(words, &event)
        return true
    }

    /// Seconds since the epoch, by the server's own clock.
    private static func time(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        guard let year = rest.takeDecimal(), rest.take("/"), let month = rest.takeDecimal(), rest.take("/"),
            let day = rest.takeDecimal(), rest.take(" "), let hour = rest.takeDecimal(), rest.take(":"),
            let minute = rest.takeDecimal(), rest.take(":"), let second = rest.takeDecimal(), hour < 24, minute < 60,
            second <= 60, let civil = CivilDay(year: year, month: month, day: day)
        else { return nil }
        return civil.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// Reads what stands behind the words, and returns the words; `nil` when nobody asked.
    private static func client(_ text: ArraySlice<UInt8>, _ event: inout Event) -> ArraySlice<UInt8>? {
        guard let first = text.firstRange(of: ", client: "), let last = text.lastRange(of: ", client: ") else {
            return nil
        }
        // A user's name ends at its first colon, so it cannot hold this: only a path can.
        guard first == last || text.hasPrefix("user \"") else {
            event.tag(Normalizer.ambiguous)
            return text[..<first.lowerBound]
        }
        var rest = text[first.upperBound...]
        let address = rest.prefix { $0 != UInt8(ascii: ",") }
        rest.removeFirst(address.count)
        if let peer = Peer(address) { event.set(peer) }
        if rest.take(", server: ") {
            let server = rest.prefix { $0 != UInt8(ascii: ",") }
            rest.removeFirst(server.count)
            if !server.isEmpty, !server.elementsEqual("_".utf8) { WebLog.setDomain(server, &event) }
        }
        if rest.take(", request: \"") { request(rest, &event) }
        return text[..<first.lowerBound]
    }

    /// The request ends where the next of nginx's own words begins, of which it may hold copies: the last counts, for
    /// what follows, a host and a referrer, holds no space.
    private static func request(_ text: ArraySlice<UInt8>, _ event: inout Event) {
        var end = text.lastIndex(of: UInt8(ascii: "\"")) ?? text.endIndex
        for mark in ["\", upstream: \"", "\", host: \"", "\", referrer: \""] as [StaticString] {
            if let range = text.firstRange(of: mark), range.lowerBound < end { end = range.lowerBound }
        }
        var target = text[..<end]
        let method = target.word()
        guard !target.isEmpty, method.count <= 32 else {
            event.set(.urlOriginal, text[..<end])
            return
        }
        event.set(.httpRequestMethod, method)
        if let range = target.lastRange(of: " HTTP/") {
            event.set(.httpVersion, target[range.upperBound...])
            target = target[..<range.lowerBound]
        }
        WebLog.setTarget(target, &event)
    }

    /// `user "foo" was not found in "…"`, `user "foo": password mismatch`, `limiting requests, excess: …`.
    private static func reason(_ words: ArraySlice<UInt8>, _ event: inout Event) {
        var rest = words
        if rest.take("user \"") {
            let end = rest.lastRange(of: "\" was not found in \"") ?? rest.lastRange(of: "\": password mismatch")
            if let end { WebLog.refuse(rest[..<end.lowerBound], &event) }
        } else if words.hasPrefix("limiting requests, excess") || words.hasPrefix("limiting connections") {
            event.classify(["web"], ["error", "denied"], action: "http_limited", outcome: "failure")
        } else if words.hasPrefix("access forbidden by rule") {
            event.classify(["web"], ["error", "denied"], action: "http_denied", outcome: "failure")
        }
    }
}
