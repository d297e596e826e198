internal import CordonModel
internal import CordonScan

/// A line of a web server's access log or error log: which of the two it is, it says itself.
enum WebLog {
    static func parse(
        _ message: ArraySlice<UInt8>, _ server: WebServer, zoneOffset: Int64, into event: inout Event
    ) {
        event.set(.eventModule, server.rawValue)
        let text = message.trimmed
        if AccessLine.read(text, server, into: &event) { return }
        let understood =
            switch server {
            case .nginx: NginxError.read(text, zoneOffset: zoneOffset, into: &event)
            case .apache: ApacheError.read(text, zoneOffset: zoneOffset, into: &event)
            }
        if !understood { event.classify("web", "info", action: "web_message") }
    }

    /// A login that a web server refused.
    static func refuse(_ user: ArraySlice<UInt8>, _ event: inout Event) {
        event.classify(["web", "authentication"], ["error", "start"], action: "http_login", outcome: "failure")
        event.set(.userName, user)
    }

    /// A request's target: `/path?query`, or with scheme and host as a proxy is asked. Any bytes.
    static func setTarget(_ target: ArraySlice<UInt8>, _ event: inout Event) {
        event.set(.urlOriginal, target)
        var path = target
        if let range = target.prefix(16).firstRange(of: "://") {
            path = target[range.upperBound...]
            let host = path.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            path.removeFirst(host.count)
            setDomain(host, &event)
        }
        guard path.first == UInt8(ascii: "/") || path.first == UInt8(ascii: "?") else { return }
        if let mark = path.firstIndex(of: UInt8(ascii: "?")) {
            event.set(.urlQuery, path[(mark + 1)...])
            path = path[..<mark]
        }
        event.set(.urlPath, path)
    }

    /// `example.org:8080`, `[::1]:80`.
    static func setDomain(_ host: ArraySlice<UInt8>, _ event: inout Event) {
        var name = host
        if let colon = host.lastIndex(of: UInt8(ascii: ":")), let port = host[(colon + 1)...].decimal, port <= 65_535,
            !host[..<colon].contains(UInt8(ascii: ":")) || host[..<colon].last == UInt8(ascii: "]")
        {
            event.set(.destinationPort, port)
            name = host[..<colon]
        }
        if !name.isEmpty, name.count <= 255 { event.set(.urlDomain, name) }
    }
}
