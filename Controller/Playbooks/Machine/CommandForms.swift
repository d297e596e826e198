internal import CordonModel
internal import CordonScan
internal import FoundationEssentials

/// The payload of commands that carry one.
enum OpenC2Payload {
    /// The OpenC2 command as the playbook has it, references not filled in: `content_b64`, `command_b64`, or JSON in
    /// `command`.
    /// - Throws: ``PlaybooksError`` when there is none or it is no JSON.
    static func json(of command: Command) throws -> JSONValue {
        let bytes: [UInt8]
        if let base64 = command.contentBase64 ?? command.commandBase64 {
            guard let decoded = base64Decoded(base64) else {
                throw PlaybooksError(code: "openc2.payload", message: "The OpenC2 command is not valid Base64.")
            }
            bytes = decoded
        } else {
            bytes = Array((command.content ?? command.command ?? "").utf8)
        }
        do {
            return try JSONValue.parse(bytes, limits: JSONValue.Limits(depth: 32, bytes: 65_536, nodes: 4096))
        } catch {
            throw PlaybooksError(code: "openc2.payload", message: "The OpenC2 command is no JSON: \(error.message)")
        }
    }

    /// `command`, or `command_b64` decoded.
    static func text(of command: Command) -> String? {
        if let text = command.command { return text }
        return command.commandBase64.flatMap { base64Decoded($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    static func base64Decoded(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }
}

extension Party {
    /// The host that the target means.
    /// - Throws: ``PlaybooksError`` for a variable without a value.
    func hostReference(_ substitution: Substitution, alsoNamed: String?) throws -> HostReference {
        var addresses: [String] = []
        for kind in ["dname", "ipv4", "ipv6"] {
            for address in self.addresses[kind] ?? [] { addresses.append(try substitution.fill(address)) }
        }
        return HostReference(name: try substitution.fill(name), addresses: addresses, alsoNamed: alsoNamed)
    }
}

/// An `http-api` command on one target, made into a call (CACAO 2.0 §5.5).
///
/// Values never change the call's form: in the path they are percent-encoded, in a JSON body they fill whole strings,
/// in headers control characters are refused, and the method is never a variable.
struct HTTPForm {
    let command: Command
    let target: Party
    let substitution: Substitution

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

    /// `POST /path HTTP/1.1` as method and path; the version may be missing.
    static func startLine(_ text: String) -> (method: String, path: String)? {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard (2...3).contains(words.count), methods.contains(String(words[0])), words[1].hasPrefix("/"),
            words.count == 2 || words[2].hasPrefix("HTTP/")
        else { return nil }
        return (String(words[0]), String(words[1]))
    }

    func effect(id: EffectID, run: RunID, timeout: Duration?) throws -> HTTPEffect {
        guard let (method, path) = Self.startLine(command.command ?? "") else {
            throw PlaybooksError(
                code: "http.start_line", message: "The HTTP command is not like “POST /path HTTP/1.1”.")
        }
        let seconds = min(300, max(1, Int(clamping: timeout?.wholeSeconds ?? 30)))
        return HTTPEffect(
            id: id, method: method, url: try origin() + (try encoded(path)), headers: try headers(), body: try body(),
            timeoutSeconds: seconds, run: run)
    }

    /// Scheme, host and port: of `address.url`, else of a name or address. Ports 443 and 8443 mean `https`.
    private func origin() throws -> String {
        if let url = target.addresses["url"]?.first {
            // A value may name a host, never more of the address.
            for name in Substitution.references(in: url)
            where try !substitution.value(of: name).text.utf8.allSatisfy(Self.isHost) {
                throw PlaybooksError(code: "http.address", message: "The value of \(name) is no host name or address.")
            }
            var origin = try substitution.fill(url)
            while origin.hasSuffix("/") { origin.removeLast() }
            guard origin.hasPrefix("https://") || origin.hasPrefix("http://"), Self.isPlain(origin) else {
                throw PlaybooksError(code: "http.address", message: "The target's url is no http or https address.")
            }
            return origin
        }
        for kind in ["dname", "ipv4", "ipv6"] {
            guard let text = target.addresses[kind]?.first else { continue }
            let host = try substitution.fill(text)
            guard !host.isEmpty, host.utf8.allSatisfy({ Self.isHost($0) }) else { break }
            let port = try target.port.map { try substitution.fill($0) } ?? "80"
            guard let number = UInt16(port) else { break }
            let scheme = number == 443 || number == 8443 ? "https" : "http"
            return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(number)"
        }
        throw PlaybooksError(code: "http.address", message: "The target “\(target.name)” has no address to call.")
    }

    private static func isHost(_ byte: UInt8) -> Bool {
        (97...122).contains(byte | 0x20) && byte >= 65 || (48...57).contains(byte)
            || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":")].contains(byte)
    }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }

    private func encoded(_ path: String) throws -> String {
        var text = ""
        for part in Substitution.parts(of: path) {
            switch part {
            case .text(let literal): text += literal
            case .reference(let name):
                for byte in try substitution.value(of: name).text.utf8 {
                    let plain =
                        (97...122).contains(byte | 0x20) && byte >= 65 || (48...57).contains(byte) || byte == 45
                        || byte == 95
                    text += plain ? String(UnicodeScalar(byte)) : "%" + HexDigit.text([byte]).uppercased()
                }
            }
        }
        guard Self.isPlain(text) else {
            throw PlaybooksError(code: "http.path", message: "The path holds a space or control character.")
        }
        return text
    }

    private func headers() throws -> [HTTPEffect.Header] {
        try command.headers.map { name, value in
            let value = try substitution.fill(value)
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 9 }) else {
                throw PlaybooksError(
                    code: "http.header", message: "The value of the header \(name.prefix(60)) has control characters.")
            }
            return HTTPEffect.Header(name: name, value: value)
        }
    }

    private func body() throws -> [UInt8] {
        let text: String
        if let base64 = command.contentBase64 {
            guard let bytes = OpenC2Payload.base64Decoded(base64) else {
                throw PlaybooksError(code: "http.content", message: "The content is not valid Base64.")
            }
            guard let json = try? JSONValue.parse(bytes) else { return bytes }
            return try substitution.fill(json).bytes()
        }
        text = command.content ?? ""
        guard let json = try? JSONValue.parse(text) else { return Array(try substitution.fill(text).utf8) }
        return try substitution.fill(json).bytes()
    }
}
