import Dispatch
import Glibc
import Testing

@testable import AgentEnforce

/// Frames over a pair of sockets.
@Suite("Frames", .timeLimit(.minutes(1)))
struct FrameStreamTests {
    @Test("a frame comes as it was sent, in however many pieces")
    func pieces() throws {
        let (near, far) = try pair()
        let sent: [UInt8] = Array(0...255)
        DispatchQueue.global().async {
            for byte in [0, 0, 1, 0] + sent {
                unsafe _ = [byte].withUnsafeBytes { unsafe send(far, $0.baseAddress, 1, 0) }
            }
            close(far)
        }
        let stream = FrameStream(near)
        #expect(try stream.read() == sent)
        #expect(try stream.read() == nil)
    }

    @Test("a frame that drips is given up after its time, although something comes again and again")
    func drip() throws {
        let (near, far) = try pair()
        let isDone = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            // A frame of 64 KiB, a byte at a time, until nobody takes it any more.
            var bytes: [UInt8] = [0, 1, 0, 0]
            var count = 1
            while count == 1 {
                let byte = bytes.isEmpty ? 7 : bytes.removeFirst()
                count = unsafe [byte].withUnsafeBytes { unsafe send(far, $0.baseAddress, 1, Int32(MSG_NOSIGNAL)) }
                usleep(10_000)
            }
            close(far)
            isDone.signal()
        }
        let error = #expect(throws: EnforceError.self) {
            let stream = FrameStream(near, patience: .milliseconds(300))
            _ = try stream.read()
        }
        #expect(error?.code == "frame.torn")
        isDone.wait()
    }

    private func pair() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }
}
