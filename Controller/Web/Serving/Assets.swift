internal import CordonModel
internal import HTTPTypes
internal import Hummingbird

/// One file that pages refer to; it is in the binary.
struct Asset: Sendable {
    let bytes: ByteBuffer
    let type: String
    /// Changes with the content, so that a browser asks and is mostly told to keep what it has (RFC 9110 §8.8.3).
    let tag: String

    init(_ bytes: [UInt8], _ type: String) {
        self.bytes = ByteBuffer(bytes: bytes)
        self.type = type
        // FNV-1a: the tag tells our own versions apart, it guards nothing.
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        tag = "\"\(String(hash, radix: 16))\""
    }

    /// All of them, by the last part of their path.
    static let all: [String: Asset] = [
        "console.css": Asset(PackageResources.console_css, "text/css; charset=utf-8"),
        "live.js": Asset(PackageResources.live_js, "text/javascript; charset=utf-8"),
        "passkey.js": Asset(PackageResources.passkey_js, "text/javascript; charset=utf-8"),
        "icon.svg": Asset(PackageResources.icon_svg, "image/svg+xml"),
    ]

    func response(to request: Request) -> Response {
        let fields: HTTPFields = [.contentType: type, .eTag: tag, .cacheControl: "no-cache"]
        if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: fields) }
        return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: bytes))
    }
}
