internal import ArgumentParser
internal import CLinux
internal import CordonModel
internal import CordonTesting
internal import CordonWire
internal import FoundationEssentials
internal import Glibc
internal import SwiftProtobuf

/// Hands a signed order (hexadecimal, on standard input) to an enforcer over its socket, as the agent does, and prints
/// the outcome and the rule on one line and the message on the next.
struct Tell: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument var socketPath: String

    func run() throws {
        guard let text = readLine(), let bytes = HexText.bytes(text) else {
            throw TestFailure("standard input holds no order")
        }
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 1
        request.execute = try Cordon_V1_SignedOrder(serializedBytes: bytes)
        let response = try Cordon_V1_EnforcerResponse(serializedBytes: try exchange(try request.serializedBytes()))
        guard case .result(let result) = response.response else {
            throw TestFailure("the enforcer answered \(response.error.code): \(response.error.message)")
        }
        let model = try result.model()
        switch model.outcome {
        case .succeeded: print("succeeded")
        case .failed(let code): print("failed \(code)")
        case .refused(let rule): print("refused \(rule)")
        }
        print(model.message)
    }

    /// One frame there and one back: a 32-bit big-endian length, then the message.
    private func exchange(_ message: [UInt8]) throws -> [UInt8] {
        let descriptor = unsafe clinux_local_connect(socketPath)
        guard descriptor >= 0 else { throw TestFailure("\(socketPath): \(Sockets.Errno(number: -descriptor))") }
        defer { close(descriptor) }
        let length = UInt32(message.count)
        let frame = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + message
        guard unsafe send(descriptor, frame, frame.count, Int32(MSG_NOSIGNAL)) == frame.count else {
            throw Sockets.Errno()
        }
        let head = try take(4, from: descriptor)
        return try take(head.reduce(0) { $0 << 8 | Int($1) }, from: descriptor)
    }

    private func take(_ count: Int, from descriptor: Int32) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: min(count, 1 << 20))
        var done = 0
        while done < bytes.count {
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, 0)
            }
            guard got > 0 else { throw TestFailure("the enforcer closed the connection") }
            done += got
        }
        return bytes
    }
}

/// Bytes as hexadecimal text.
enum HexText {
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
