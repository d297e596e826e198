import NIOCore
import NIOHPACK

/// HTTP/2 (RFC 9113) by hand, as much as it takes to open one stream over any byte pipe and read how it was refused.
enum RawStream {
    /// The client's preface, empty settings, and one request without a body's end.
    static func request(path: String, metadata: [(String, String)]) throws -> [UInt8] {
        var headers = HPACKHeaders([
            (":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ])
        headers.add(contentsOf: metadata)
        var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
        var block = ByteBuffer()
        try encoder.encode(headers: headers, to: &block)
        let payload = Array(block.readableBytesView)
        return Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4, flags: 0, stream: 0, [])
            + frame(type: 1, flags: 4, stream: 1, payload)
    }

    /// The headers of the first answer on a stream in these bytes; `nil` until it is there whole.
    static func headers(in bytes: [UInt8]) throws -> HPACKHeaders? {
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        var rest = bytes[...]
        while rest.count >= 9 {
            let start = rest.startIndex
            let length = rest[start..<start + 3].reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 9 + length else { return nil }
            let payload = rest[(start + 9)..<(start + 9 + length)]
            if rest[start + 3] == 1 {
                var buffer = ByteBuffer(bytes: payload)
                return try decoder.decodeHeaders(from: &buffer)
            }
            rest = rest.dropFirst(9 + length)
        }
        return nil
    }

    private static func frame(type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags, 0, 0, 0, stream]
            + payload
    }
}
