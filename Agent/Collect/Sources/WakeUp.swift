internal import Glibc
internal import SystemPackage

/// Waits for a descriptor to have news, for a time at most, and can be called off from another thread.
struct WakeUp: Sendable {
    /// A pipe to itself: its owner calls `close`.
    private let read: Int32
    private let write: Int32

    init() throws(CollectError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            throw CollectError(
                "no_descriptor", "Cannot make a pipe: \(Errno(rawValue: errno)).", remedy: "Raise LimitNOFILE.")
        }
        (read, write) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    /// Ends the wait, now or the next one.
    func call() {
        var one: UInt8 = 1
        _ = unsafe Glibc.write(write, &one, 1)
    }

    func close() {
        _ = Glibc.close(read)
        _ = Glibc.close(write)
    }

    /// Blocks until there is news on the descriptor (below 0: none), a call, or the time is over.
    func wait(on descriptor: Int32, events: Int16 = Int16(POLLIN), milliseconds: Int32) {
        var polled = [
            pollfd(fd: read, events: Int16(POLLIN), revents: 0), pollfd(fd: descriptor, events: events, revents: 0),
        ]
        guard unsafe poll(&polled, 2, milliseconds) > 0, polled[0].revents != 0 else { return }
        var called = [UInt8](repeating: 0, count: 64)
        _ = unsafe Glibc.read(read, &called, called.count)
    }
}
