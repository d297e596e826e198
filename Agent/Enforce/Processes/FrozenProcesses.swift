internal import CordonModel

/// What was frozen, with all that is needed to let exactly that go on: after a restart of the enforcer too.
struct FrozenProcesses: Sendable, Hashable {
    /// A process that was there when all was frozen.
    struct Member: Sendable, Hashable {
        var pid: Int32
        /// With the number, it names one process for ever in this boot.
        var startTime: UInt64
        /// At most 192 bytes, for people: 4096 of them, the most of one tree, fit one record of the journal.
        var executable: String
        /// Somebody else had stopped it before: it stays stopped.
        var wasStopped: Bool
    }

    /// A cgroup that was frozen as a whole.
    struct Cgroup: Sendable, Hashable {
        /// From the root of the unified hierarchy.
        var path: String
        /// The inode of its folder, which no other cgroup gets in this boot.
        var inode: UInt64
        /// Somebody else had frozen it before: it stays frozen.
        var wasFrozen: Bool
    }

    /// The boot's identifier: nothing outlives it.
    var boot: String
    var members: [Member]
    /// `nil` when each process was stopped by a signal.
    var cgroup: Cgroup?

    private static let version: UInt8 = 1

    /// For the journal.
    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(Self.version)
        writer.put(text: boot)
        writer.put(UInt8(cgroup == nil ? 0 : 1))
        if let cgroup {
            writer.put(text: cgroup.path)
            writer.put(Int64(bitPattern: cgroup.inode))
            writer.put(UInt8(cgroup.wasFrozen ? 1 : 0))
        }
        for member in members {
            writer.put(Int64(member.pid))
            writer.put(Int64(bitPattern: member.startTime))
            writer.put(text: member.executable)
            writer.put(UInt8(member.wasStopped ? 1 : 0))
        }
        return writer.bytes
    }

    /// What is written down before anything is stopped.
    static func begun(boot: String) -> FrozenProcesses { FrozenProcesses(boot: boot, members: []) }

    /// Whether what was stopped, if anything, was not written down.
    var isBegunOnly: Bool { members.isEmpty && cgroup == nil }

    init(boot: String, members: [Member], cgroup: Cgroup? = nil) {
        self.boot = boot
        self.members = members
        self.cgroup = cgroup
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: some Sequence<UInt8>) {
        var reader = RecordReader(Array(bytes)[...])
        guard reader.byte() == Self.version, let boot = reader.text(), let hasCgroup = reader.byte(), hasCgroup < 2
        else { return nil }
        self.boot = boot
        if hasCgroup == 1 {
            guard let path = reader.text(), let inode = reader.number(), let wasFrozen = reader.byte() else {
                return nil
            }
            cgroup = Cgroup(path: path, inode: UInt64(bitPattern: inode), wasFrozen: wasFrozen == 1)
        }
        members = []
        while !reader.isAtEnd {
            guard let pid = reader.number().flatMap({ Int32(exactly: $0) }), pid > 1, let start = reader.number(),
                let executable = reader.text(), let wasStopped = reader.byte()
            else { return nil }
            members.append(
                Member(
                    pid: pid, startTime: UInt64(bitPattern: start), executable: executable,
                    wasStopped: wasStopped == 1))
        }
    }
}

extension FrozenProcesses.Member {
    init(_ process: RunningProcess) {
        pid = process.pid
        startTime = process.startTime
        executable = String(decoding: (process.executable ?? "?").utf8.prefix(192), as: UTF8.self)
        wasStopped = process.state == "T"
    }

    /// The process, held, when it is still this one.
    var held: ProcessKill.Held? {
        guard let handle = try? ProcessHandle(pid: pid), let process = RunningProcess(pid: pid),
            process.startTime == startTime, process.state != "Z"
        else { return nil }
        return ProcessKill.Held(process: process, handle: handle)
    }
}
