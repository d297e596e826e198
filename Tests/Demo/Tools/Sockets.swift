internal import CordonTesting
internal import Glibc

/// TCP by number, just enough to send packets and see what becomes of them.
enum Sockets {
    /// A connection, or the error number.
    static func connect(_ address: String, _ port: String, patience milliseconds: Int32) -> Result<Int32, Errno> {
        unsafe with(address, port, flags: AI_NUMERICHOST) { info in
            let descriptor = unsafe socket(info.ai_family, info.ai_socktype | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0 else { return .failure(Errno()) }
            if unsafe Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else { return .failure(Errno()) }
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard unsafe poll(&wait, 1, milliseconds) > 0 else { return .failure(Errno(number: ETIMEDOUT)) }
                var failure: Int32 = 0
                var length = socklen_t(MemoryLayout<Int32>.size)
                unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
                guard failure == 0 else { return .failure(Errno(number: failure)) }
            }
            _ = fcntl(descriptor, F_SETFL, 0)
            return .success(descriptor)
        }
    }

    /// A socket that listens.
    static func listen(_ address: String, _ port: String) -> Result<Int32, Errno> {
        unsafe with(address, port, flags: AI_PASSIVE | AI_NUMERICHOST) { info in
            let descriptor = unsafe socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            var yes: Int32 = 1
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            guard unsafe bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, Glibc.listen(descriptor, 64) == 0 else {
                return .failure(Errno())
            }
            return .success(descriptor)
        }
    }

    private static func with(
        _ address: String, _ port: String, flags: Int32, _ body: (addrinfo) -> Result<Int32, Errno>
    ) -> Result<Int32, Errno> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(address, port, &hints, &found) == 0, let first = unsafe found else {
            return .failure(Errno(number: EINVAL))
        }
        defer { unsafe freeaddrinfo(first) }
        return unsafe body(first.pointee)
    }

    /// An error number with its text.
    struct Errno: Error, CustomStringConvertible {
        var number = errno
        var description: String { unsafe String(cString: strerror(number)) }
    }
}
