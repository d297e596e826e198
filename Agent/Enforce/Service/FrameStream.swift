internal import AgentNetlink
internal import CLinux
internal import CordonModel
internal import Glibc

/// Frames over a Unix stream socket: a 32-bit big-endian length, then so many bytes.
package struct FrameStream: ~Copyable {
    /// Longest frame.
    package static let limit = 1 << 20

    private let descriptor: Int32
    /// How long a frame may take from its first byte to its last, at whatever pace they come.
    private let patience: Duration

    /// Takes the descriptor over.
    package init(_ descriptor: Int32, patience: Duration = .seconds(10)) {
        self.descriptor = descriptor
        self.patience = patience
    }

    /// Connects to a socket.
    package init(connecting path: String) throws(EnforceError) {
        let status = unsafe clinux_local_connect(path)
        guard status >= 0 else {
            throw .system(
                "enforcer.unreachable", "The enforcer does not answer at \(path)", -status,
                remedy: "Start cordon-enforcer, and run this as root or as the agent's user.")
        }
        descriptor = status
        patience = .seconds(10)
    }

    /// Whether somebody listens at the path. Only a path without a listener says no: one that is busy has one.
    package static func isListening(_ path: String) -> Bool {
        let status = unsafe clinux_local_connect(path)
        if status >= 0 { close(status) }
        return status >= 0 || ![ENOENT, ECONNREFUSED, ENOTDIR].contains(-status)
    }

    deinit { close(descriptor) }

    /// The user at the other end.
    package var peerUser: UInt32? { UInt32(exactly: clinux_local_peer_user(descriptor)) }

    /// The next frame; `nil` when the other end has closed between frames. Waits for its beginning as long as it takes, or
    /// so many milliseconds.
    package func read(beginningWithin milliseconds: Int32 = -1) throws(EnforceError) -> [UInt8]? {
        while true {
            let ready = clinux_wait_readable(descriptor, milliseconds)
            if ready > 0 { break }
            if ready == 0, milliseconds >= 0 { return nil }
            if ready < 0 { throw .system("frame.failed", "Waiting on the socket failed", -ready) }
        }
        let end = ContinuousClock.now + patience
        guard let head = try take(4, until: end, mayEnd: true) else { return nil }
        let count = Int(head.big32(0))
        guard count <= Self.limit else {
            throw EnforceError(
                "frame.too_long", "A frame of \(count) bytes was announced; at most \(Self.limit) are taken.")
        }
        return try take(count, until: end, mayEnd: false)
    }

    /// Sends one frame.
    package func write(_ content: [UInt8]) throws(EnforceError) {
        var bytes: [UInt8] = []
        bytes.append(big: UInt32(clamping: content.count))
        bytes += content
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("frame.failed", "Sending failed", errno) }
            done += count
        }
    }

    private func take(
        _ count: Int, until end: ContinuousClock.Instant, mayEnd: Bool
    ) throws(EnforceError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let left = max(.zero, ContinuousClock.now.duration(to: end))
            let ready = clinux_wait_readable(descriptor, Int32(clamping: left.milliseconds))
            if ready == -EINTR { continue }
            guard ready > 0 else {
                throw EnforceError("frame.torn", "The connection ended or stalled inside a frame.")
            }
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress?.advanced(by: done), count - done, 0)
            }
            if got < 0, errno == EINTR { continue }
            if got == 0, done == 0, mayEnd { return nil }
            guard got > 0 else {
                throw EnforceError("frame.torn", "The connection ended or stalled inside a frame.")
            }
            done += got
        }
        return bytes
    }
}
