import AgentNetlink
import Testing

@testable import AgentCollect

@Suite("What the proc connector says")
struct ProcessNoticeTests {
    /// `struct cn_msg` with a `proc_event`.
    static func message(_ what: UInt32, _ data: [UInt32], time: UInt64 = 7, acknowledged: UInt32 = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        for word in [1, 1, 0, acknowledged] as [UInt32] { bytes.append(host: word) }
        bytes.append(host: UInt16(40))
        bytes.append(host: UInt16(0))
        for word in [what, 0, UInt32(truncatingIfNeeded: time), UInt32(truncatingIfNeeded: time >> 32)] + data {
            bytes.append(host: word)
        }
        while bytes.count < 60 { bytes.append(0) }
        return bytes
    }

    @Test("processes are told from threads, and numbers are those of processes")
    func events() {
        func read(_ what: UInt32, _ data: [UInt32]) -> ProcessNotice? { ProcessNotice(Self.message(what, data)) }
        #expect(read(1, [10, 9, 12, 12]) == ProcessNotice(pid: 12, what: .forked(by: 9), time: 7))
        #expect(read(1, [9, 9, 12, 9]) == ProcessNotice(pid: 9, what: .threadStarted, time: 7))
        #expect(read(2, [12, 12]) == ProcessNotice(pid: 12, what: .executed, time: 7))
        #expect(read(0x8000_0000, [12, 12, 256, 17]) == ProcessNotice(pid: 12, what: .ended(status: 256), time: 7))
        #expect(read(0x8000_0000, [13, 12, 0, 17]) == ProcessNotice(pid: 12, what: .threadEnded, time: 7))
        let answer = ProcessNotice(Self.message(0, [1], acknowledged: 5))
        #expect(answer?.what == .answer(to: 5, error: 1))
    }

    @Test("others, and what is cut short, are nothing")
    func malformed() {
        let whole = Self.message(0x8000_0000, [12, 12, 0, 17])
        #expect(ProcessNotice(Array(whole.prefix(43))) == nil && ProcessNotice([]) == nil)
        #expect(ProcessNotice(Array(whole.prefix(50))) == nil)
        #expect(ProcessNotice(Self.message(0x200, [12, 12])) == nil, "a change of name")
        var other = whole
        other[0] = 3
        #expect(ProcessNotice(other) == nil)
    }

    private func status(start: Int64, threads: Int = 1) -> ProcessFolder.Status {
        .init(name: "x", parent: 1, start: start, threads: threads, isKernelThread: false, isEnded: false)
    }

    @Test("an end is told once, when the last thread has ended; what /proc showed later goes before what is queued")
    func threads() {
        func notice(_ what: ProcessNotice.What, _ time: UInt64) -> ProcessNotice {
            .init(pid: 5, what: what, time: time)
        }
        var live = LiveProcesses()
        live.forked(notice(.forked(by: 1), 10), by: 1)
        let isNews = live.executed(notice(.executed, 11))
        #expect(isNews)
        live.threadStarted(notice(.threadStarted, 12))
        let early = live.threadEnded(notice(.ended(status: 9), 13), status: 9)
        #expect(early == nil)
        #expect(live.ending == [5])
        let ended = live.threadEnded(notice(.threadEnded, 14))
        #expect(ended?.status == 9 && ended?.entry.isTold == true && ended?.entry.parent == 1)
        #expect(live[5] == nil && live.ending.isEmpty)
        // An execution leaves one thread, whichever asked for it.
        live.forked(notice(.forked(by: 1), 20), by: 1)
        live.threadStarted(notice(.threadStarted, 21))
        let second = live.threadEnded(notice(.ended(status: 0), 22), status: 0)
        #expect(second == nil)
        let isAgain = live.executed(notice(.executed, 23))
        #expect(isAgain && live.ending.isEmpty)
        let third = live.threadEnded(notice(.ended(status: 1), 24), status: 1)
        #expect(third?.status == 1)
        // Seen at 40: what was said before is known.
        live.see(5, status(start: 3), isTold: true, at: 40)
        let isOld = !live.executed(notice(.executed, 39))
        let old = live.threadEnded(notice(.ended(status: 0), 38), status: 0)
        #expect(isOld && old == nil)
        #expect(live[5]?.start == 3)
    }

    @Test("a container is named by the 64 digits in its group")
    func containers() {
        let digits = String(repeating: "0123456789abcdef", count: 4)
        for group in ["0::/system.slice/docker-\(digits).scope\n", "0::/kubepods/pod1/\(digits)\n"] {
            #expect(ProcessFolder.container(Array(group.utf8)) == digits)
        }
        for group in ["0::/user.slice\n", "0::/\(digits)0\n", "0::/\(digits.dropLast())\n", ""] {
            #expect(ProcessFolder.container(Array(group.utf8)) == nil)
        }
    }
}
