internal import ControllerAPI
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The fields of a form that a browser sent.
struct FormBody {
    /// Bytes of a form at most.
    static let limit = 64 * 1024
    private let fields: [String: String]

    /// Reads the body.
    /// - Throws: ``Problem`` when it is too large or not a form.
    init(_ request: Request) async throws {
        let type = request.headers[.contentType] ?? ""
        guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else { throw Problem.badForm }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.limit)
        } catch is NIOTooManyBytesError {
            throw Problem.formTooLarge
        }
        do {
            fields = try URLEncodedFormDecoder().decode([String: String].self, from: String(buffer: body))
        } catch {
            throw Problem.badForm
        }
    }

    /// Reads the query of the address, as a form without a body sends it.
    /// - Throws: ``Problem`` when it is too large or not a form.
    init(query request: Request) throws(Problem) {
        let query = request.uri.query ?? ""
        guard query.utf8.count <= Self.limit else { throw .formTooLarge }
        guard let fields = try? URLEncodedFormDecoder().decode([String: String].self, from: query) else {
            throw .badForm
        }
        self.fields = fields
    }

    /// The field as it was sent; `nil` when it is absent.
    subscript(field: String) -> String? { fields[field] }

    /// A path, byte for byte: a blank at its end makes it another file's. `nil` when the field is empty.
    /// - Throws: ``Problem`` for one that a form may have changed on its way, or that people cannot read.
    func path(_ field: String) throws(Problem) -> String? {
        guard let path = fields[field], !path.isEmpty else { return nil }
        guard Self.keeps(path) else {
            throw .formField(
                field,
                "A path with blanks at its ends or control characters is taken by `cordon act` only, not by a form.")
        }
        return path
    }

    /// Whether a form brings the path as it is, and people see that: browsers take line ends out of a field.
    static func keeps(_ path: String) -> Bool {
        let characters = path.unicodeScalars
        let isBlankAtAnEnd = [characters.first, characters.last].contains { $0?.properties.isWhitespace ?? false }
        return !isBlankAtAnEnd && !characters.contains { $0.properties.generalCategory == .control }
    }

    /// What a person typed: without white space around it and with plain line ends. `nil` when nothing is left.
    func text(_ field: String) -> String? {
        guard let typed = fields[field] else { return nil }
        var lines: [UInt8] = []
        for byte in typed.utf8 {
            if byte == 0x0A, lines.last == 0x0D { lines.removeLast() }
            lines.append(byte)
        }
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let trimmed = lines.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        return trimmed.isEmpty ? nil : String(decoding: Array(trimmed), as: UTF8.self)
    }
}

/// A path of this site, with its query, that a browser may be sent to. Whatever else it is made from becomes `/`.
struct LocalPath: Sendable, Hashable {
    /// As it stands in a `Location` header.
    let text: String

    init(_ text: String?) {
        guard let text, text.utf8.count <= 512, text.utf8.first == UInt8(ascii: "/"),
            text.utf8.allSatisfy(Self.isPlain),
            !text.hasPrefix("//"), !text.hasPrefix("/sign-"), PageDoor.isPage(text)
        else {
            self.text = "/"
            return
        }
        self.text = text
    }

    /// Characters of RFC 3986 paths and queries: no backslash, no space, no control character.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: Array("/-._~?=&%:+,".utf8).contains(byte)
        }
    }

    /// As it stands in a query's value.
    var encoded: String {
        var encoded = ""
        for byte in text.utf8 {
            if Array("?=&%+".utf8).contains(byte) {
                encoded += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
            } else {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return encoded
    }

    /// The path saying what was done; see ``Notice``.
    func saying(_ notice: String) -> String {
        "\(text)\(text.utf8.contains(UInt8(ascii: "?")) ? "&" : "?")done=\(notice)"
    }
}
