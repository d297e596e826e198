internal import AgentNetlink
internal import CordonModel
internal import CordonScan
internal import Glibc

/// What runs, what it has open and whom it talks to.
extension TriageLook {
    /// Files of one process that are told.
    private static let mostFiles = 1024
    /// Bytes of one command line.
    private static let mostArguments = 16_384

    /// Whoever runs very large executables takes the time for sums, but hides no process: rows come first.
    func processes(_ table: TriageTable) throws(TriageTable.Stop) {
        var (rows, size): ([(process: RunningProcess, row: JSONObject)], Int) = ([], 0)
        for pid in RunningProcess.all().sorted() {
            if let process = RunningProcess(pid: pid) {
                let row = row(of: process)
                // Who asks for one process does not wait for the sums of all.
                guard table.mayBeWanted(row) else { continue }
                size += JSONValue.object(row).bytes().count
                rows.append((process, row))
            }
            // What follows would not fit.
            if size >= table.room || table.timeLeft == .zero { break }
        }
        let end = table.end - table.timeLeft / 8
        var places: [String: RemotePlaces] = [:]
        for (process, row) in rows {
            var row = row
            if !process.isKernelThread { sum(process, into: &row, &places, until: end) }
            try table.add(.object(row), isMade: true)
        }
        try table.check()
    }

    private func row(of process: RunningProcess) -> JSONObject {
        let pid = process.pid
        var row = JSONObject()
        row["pid"] = .integer(Int64(pid))
        row["parent"] = .integer(Int64(process.parent))
        row["start_ticks"] = .integer(Int64(clamping: process.startTime))
        row["state"] = .text(String(process.state))
        row["user"] = .integer(Int64(process.user))
        row["name"] = .text(TextFile.line("/proc/\(pid)/comm") ?? "")
        row["cgroup"] = .text(RunningProcess.cgroup(of: pid) ?? "")
        if process.isKernelThread {
            row["kernel_thread"] = true
        } else {
            tell(process, in: &row)
        }
        return row
    }

    /// The sum of what it runs. The mounts as the process has them are asked first, by the name alone: on a file system that
    /// does not answer, whoever opens the file waits without end.
    private func sum(
        _ process: RunningProcess, into row: inout JSONObject, _ places: inout [String: RemotePlaces],
        until end: ContinuousClock.Instant
    ) {
        guard ContinuousClock.now < end else {
            row["not_hashed"] = "the time was over"
            return
        }
        let pid = process.pid
        // A process in a root of its own sees its own part of them.
        let view = (TextFile.link("/proc/\(pid)/ns/mnt") ?? "") + (TextFile.link("/proc/\(pid)/root") ?? "")
        let remote = places[view] ?? RemotePlaces(TextFile.text("/proc/\(pid)/mountinfo") ?? "", root: MountTable.root)
        places[view] = remote
        guard let name = TextFile.link("/proc/\(pid)/exe"), name == row["executable"]?.text else {
            row["not_hashed"] = "it is gone, or runs something else by now"
            return
        }
        guard remote.hold(name) == false else {
            row["not_hashed"] = "another host or a program would have to answer for it"
            return
        }
        guard let file = TriageFiles.executable(of: pid), RunningProcess(pid: pid)?.startTime == process.startTime
        else {
            row["not_hashed"] = "it cannot be opened"
            return
        }
        files.sum(file, name, into: &row, until: end)
    }

    private func tell(_ process: RunningProcess, in row: inout JSONObject) {
        let pid = process.pid
        row["executable"] = .text(TextFile.link("/proc/\(pid)/exe") ?? "")
        let line = TextFile.bytes("/proc/\(pid)/cmdline", limit: Self.mostArguments) ?? []
        let words = line.prefix(Self.mostArguments).map { $0 == 0 ? 0x20 : $0 }
        row["command_line"] = .text(String(decoding: words, as: UTF8.self))
        row["folder"] = .text(TextFile.link("/proc/\(pid)/cwd") ?? "")
        row["root"] = .text(TextFile.link("/proc/\(pid)/root") ?? "")
        row["login_user"] = .text(TextFile.line("/proc/\(pid)/loginuid") ?? "")
        for name in ["net", "mnt", "pid"] {
            row["\(name)_namespace"] = .text(TextFile.link("/proc/\(pid)/ns/\(name)") ?? "")
        }
    }

    /// Open files; sockets are told by their inodes, which stand in the table of sockets too.
    func openFiles(_ table: TriageTable) throws(TriageTable.Stop) {
        for pid in RunningProcess.all().sorted() {
            let names = TextFile.names(in: "/proc/\(pid)/fd")
            if names.count > Self.mostFiles {
                table.note("process \(pid): \(Self.mostFiles) of \(names.count) open files")
            }
            for name in names.prefix(Self.mostFiles) {
                guard let target = TextFile.link("/proc/\(pid)/fd/\(name)") else { continue }
                try table.add([
                    "pid": .integer(Int64(pid)), "descriptor": .integer(Int64(name) ?? -1), "target": .text(target),
                ])
            }
        }
    }

    /// Sockets of TCP and UDP of the enforcer's network namespace, with the processes that hold them.
    func sockets(_ table: TriageTable) throws(TriageTable.Stop) {
        let owners = try owners(table)
        for (name, number) in [("tcp", UInt8(6)), ("udp", 17)] {
            for family: UInt8 in [2, 10] {
                try sockets(name, number, family, owners, table)
            }
        }
    }

    private func sockets(
        _ name: String, _ number: UInt8, _ family: UInt8, _ owners: [UInt32: [JSONValue]], _ table: TriageTable
    ) throws(TriageTable.Stop) {
        let request = InetDiagnostics.request(family: family, protocol: number, states: .max)
        var stop: TriageTable.Stop?
        do {
            var channel = NetlinkChannel(try NetlinkSocket(protocol: NetlinkProtocol.socketDiagnostics))
            // A list may be longer than the table: what is beyond that is heard and not kept.
            try channel.dump(request) { datagram, message in
                guard stop == nil,
                    let socket = InetSocket(datagram, at: message.lowerBound + 16, end: message.upperBound)
                else { return }
                do throws(TriageTable.Stop) {
                    try table.add(Self.row(socket, name, owners))
                } catch {
                    stop = error
                }
            }
        } catch { table.note("\(name) sockets of family \(family): \(error)") }
        if let stop { throw stop }
    }

    private static func row(_ socket: InetSocket, _ name: String, _ owners: [UInt32: [JSONValue]]) -> JSONValue {
        [
            "protocol": .text(name), "state": .text(state(socket.state, name)),
            "local": .text("\(socket.local)"), "local_port": .integer(Int64(socket.localPort)),
            "remote": .text("\(socket.remote)"), "remote_port": .integer(Int64(socket.remotePort)),
            "user": .integer(Int64(socket.user)), "inode": .integer(Int64(socket.inode)),
            "pids": .array(owners[socket.inode] ?? []),
        ]
    }

    /// `net/tcp_states.h`; of UDP, 1 and 7.
    private static func state(_ number: UInt8, _ name: String) -> String {
        let names = [
            "", "established", "syn_sent", "syn_received", "fin_wait_1", "fin_wait_2", "time_wait", "close",
            "close_wait", "last_ack", "listen", "closing", "new_syn_received",
        ]
        if name == "udp", number == 7 { return "unconnected" }
        return Int(number) < names.count ? names[Int(number)] : "\(number)"
    }

    /// Processes by the inode of a socket that they hold. Containers' sockets are not among the table's rows: how many
    /// other network namespaces there are is a note.
    private func owners(_ table: TriageTable) throws(TriageTable.Stop) -> [UInt32: [JSONValue]] {
        var owners: [UInt32: [JSONValue]] = [:]
        var others: Set<String> = []
        let own = TextFile.link("/proc/self/ns/net")
        for pid in RunningProcess.all() {
            try table.check()
            if let space = TextFile.link("/proc/\(pid)/ns/net"), space != own { others.insert(space) }
            for name in TextFile.names(in: "/proc/\(pid)/fd") {
                guard let target = TextFile.link("/proc/\(pid)/fd/\(name)"), target.hasPrefix("socket:["),
                    let inode = UInt32(target.dropFirst(8).dropLast())
                else { continue }
                owners[inode, default: []].append(.integer(Int64(pid)))
            }
        }
        if !others.isEmpty {
            table.note("\(others.count) other network namespaces have processes; their sockets are not told")
        }
        return owners
    }
}
