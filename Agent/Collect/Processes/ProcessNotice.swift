internal import AgentNetlink

/// What the kernel's proc connector says of a process (`struct proc_event` of `linux/cn_proc.h`). Numbers are those of
/// the first pid namespace.
struct ProcessNotice: Sendable, Hashable {
    enum What: Sendable, Hashable {
        case forked(by: Int64)
        case threadStarted
        case executed
        case threadEnded
        /// Its first thread ended, with this status of wait(2).
        case ended(status: UInt32)
        /// The kernel's answer to a request, with an error number of errno(3).
        case answer(to: UInt32, error: UInt32)
    }

    var pid: Int64
    var what: What
    /// Nanoseconds of CLOCK_MONOTONIC.
    var time: UInt64

    /// Bits of `enum proc_cn_event`.
    enum Kind {
        static let none: UInt32 = 0
        static let fork: UInt32 = 1
        static let exec: UInt32 = 2
        static let exit: UInt32 = 0x8000_0000
    }
}

extension ProcessNotice {
    /// Reads `struct cn_msg` with a `proc_event` in it; `nil` for what is another, or too short.
    init?(_ bytes: [UInt8]) {
        // cn_msg has 20 bytes: index, value, sequence, acknowledgement, length, flags.
        guard bytes.count >= 20 + 24, bytes.host32(0) == 1, bytes.host32(4) == 1 else { return nil }
        time = UInt64(bytes.host32(28)) | UInt64(bytes.host32(32)) << 32
        // The numbers of task and process, by twos, from here on.
        let data = 36
        func number(_ index: Int) -> Int64 { Int64(bytes.host32(data + 4 * index)) }
        switch bytes.host32(20) {
        case Kind.none:
            pid = 0
            what = .answer(to: bytes.host32(12), error: bytes.host32(data))
        case Kind.fork where bytes.count >= data + 16:
            pid = number(3)
            what = number(2) == number(3) ? .forked(by: number(1)) : .threadStarted
        case Kind.exec where bytes.count >= data + 8:
            pid = number(1)
            what = .executed
        case Kind.exit where bytes.count >= data + 16:
            pid = number(1)
            what = number(0) == number(1) ? .ended(status: bytes.host32(data + 8)) : .threadEnded
        default: return nil
        }
    }
}
