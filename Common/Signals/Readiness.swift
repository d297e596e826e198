#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// What a daemon tells the service manager (sd_notify(3)), without linking libsystemd: one datagram to `NOTIFY_SOCKET`.
package enum Readiness {
    /// Sends a state such as `READY=1`, `WATCHDOG=1`, `STOPPING=1` or `STATUS=…`. Does nothing outside a service manager.
    package static func notify(_ state: String) {
        guard let path = environment("NOTIFY_SOCKET"), let first = path.utf8.first,
            first == UInt8(ascii: "/") || first == UInt8(ascii: "@")
        else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var bytes = Array(path.utf8)
        // An @ stands for the zero byte of Linux's abstract names (unix(7)).
        if first == UInt8(ascii: "@") { bytes[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let message = Array(state.utf8)
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                _ = unsafe sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), target, length)
            }
        }
    }

    /// How often `WATCHDOG=1` is wanted: half of `WATCHDOG_USEC`; `nil` when no watchdog waits for this process.
    package static var watchdogInterval: Duration? {
        if let process = environment("WATCHDOG_PID"), process != "\(getpid())" { return nil }
        guard let text = environment("WATCHDOG_USEC"), let microseconds = Int64(text), microseconds > 0 else {
            return nil
        }
        return .microseconds(microseconds / 2)
    }

    private static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
