internal import CordonModel
internal import CordonScan

/// A line of an access log in the common or combined format, with or without the host's name before it:
/// `[HOST[:PORT] ]CLIENT IDENT USER [30/Sep/2021:08:00:55 +0000] "REQUEST" 403 199[ "REFERRER" "AGENT"…]`.
///
/// Everything but the time, the status and the length is the client's own. Both servers escape a quote in it, so the
/// first quote of the line opens the request, and what stands before that is found from its end: the time has 26 bytes.
enum AccessLine {
    /// `false` when it is no such line.
    static func read(_ text: ArraySlice<UInt8>, _ server: WebServer, into event: inout Event) -> Bool {
        guard let quote = text.firstIndex(of: UInt8(ascii: "\"")), quote - text.startIndex >= 30,
            text[quote - 2] == UInt8(ascii: "]"), text[quote - 29] == UInt8(ascii: "["),
            let time = CommonLogTime.read(text[(quote - 28)..<(quote - 2)])
        else { return false }
        var rest = text[quote...]
        guard let request = quoted(&rest), let answer = answer(&rest) else { return false }
        event.timestamp = time
        event.set(.eventDataset, "\(server.rawValue).access")
        event.classify(
            "web", "access", action: "http_request",
            outcome: answer.status.map { $0 < 400 ? "success" : "failure" })
        event.set(.httpResponseStatus, answer.status)
        event.set(.httpResponseBytes, answer.bytes)
        who(text[..<(quote - 29)].trimmed, &event)
        self.request(request, &event)
        if let referrer = quoted(&rest), !isNone(referrer) { event.set(.httpRequestReferrer, referrer) }
        if let agent = quoted(&rest), !isNone(agent) { event.set(.userAgent, agent) }
        return true
    }

    private static func isNone(_ text: ArraySlice<UInt8>) -> Bool { text.isEmpty || text.elementsEqual("-".utf8) }

    /// `"TEXT"` with escaped quotes in it, and the space before it; takes it off.
    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var text = rest
        text.skipSpaces()
        guard text.take("\"") else { return nil }
        var isEscaped = false
        for index in text.indices {
            if isEscaped {
                isEscaped = false
            } else if text[index] == UInt8(ascii: "\\") {
                isEscaped = true
            } else if text[index] == UInt8(ascii: "\"") {
                rest = text[(index + 1)...]
                return text[..<index]
            }
        }
        return nil
    }

    /// ` 403 199`, with `-` for what there is not.
    private static func answer(_ rest: inout ArraySlice<UInt8>) -> (status: Int64?, bytes: Int64?)? {
        var text = rest
        guard text.take(" ") else { return nil }
        let status = text.word()
        let bytes = text.word()
        guard isNone(status) || status.count == 3 && status.decimal != nil, isNone(bytes) || bytes.decimal != nil
        else { return nil }
        rest = text
        return (status.decimal, bytes.decimal)
    }

    // MARK: - Who asked

    /// `[HOST ]CLIENT IDENT USER`, where the user's name may hold spaces.
    private static func who(_ text: ArraySlice<UInt8>, _ event: inout Event) {
        var rest = text
        var client = rest.word()
        var after = rest
        let next = after.word()
        if IPAddress(next.string) != nil || IPAddress(client.string) == nil && !isNone(next) {
            if client.last != UInt8(ascii: ",") { WebLog.setDomain(client, &event) }
            (client, rest) = (next, after)
        }
        if let peer = Peer(client) { event.set(peer) }
        _ = rest.word()
        if !isNone(rest) { event.set(.userName, rest) }
    }

    // MARK: - The request

    /// `GET /path HTTP/1.1`, or whatever bytes somebody sent.
    private static func request(_ text: ArraySlice<UInt8>, _ event: inout Event) {
        guard !isNone(text) else { return }
        var target = text
        let method = target.word()
        guard isMethod(method), !target.isEmpty else {
            event.set(.urlOriginal, text)
            event.set(.eventReason, "malformed_request")
            return
        }
        event.set(.httpRequestMethod, method)
        if let range = target.lastRange(of: " HTTP/"), target.distance(from: range.upperBound, to: target.endIndex) <= 4
        {
            event.set(.httpVersion, target[range.upperBound...])
            target = target[..<range.lowerBound]
        }
        WebLog.setTarget(target, &event)
    }

    private static func isMethod(_ text: ArraySlice<UInt8>) -> Bool {
        (1...32).contains(text.count)
            && text.allSatisfy {
                (0x41...0x5A).contains($0 & 0xDF) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
    }
}

/// `30/Sep/2021:08:00:55 +0200`.
enum CommonLogTime {
    static func read(_ text: ArraySlice<UInt8>) -> Timestamp? {
        var rest = text
        guard rest.count == 26, let day = number(&rest, "/"), let month = month(&rest), rest.take("/"),
            let year = number(&rest, ":"), let hour = number(&rest, ":"), let minute = number(&rest, ":"),
            let second = number(&rest, " "), hour < 24, minute < 60, second <= 60
        else { return nil }
        let isWest = rest.take("-")
        guard isWest || rest.take("+"), let zone = rest.decimal, zone < 2400,
            let civil = CivilDay(year: year, month: month, day: day)
        else { return nil }
        let offset = (zone / 100 * 60 + zone % 100) * 60
        let local = civil.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second
        return Timestamp(seconds: local - (isWest ? -offset : offset))
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ mark: StaticString) -> Int64? {
        guard let number = rest.takeDecimal(), rest.take(mark) else { return nil }
        return number
    }

    /// `Sep`.
    static func month(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let names: [StaticString] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        for (index, name) in names.enumerated() where rest.take(name) { return Int64(index + 1) }
        return nil
    }
}
