internal import CLinux
internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import Glibc

/// Matching what a host has with rules of YARA.
final class YaraLook {
    private let scan: YaraScan
    private let policy: LocalPolicy
    private let program: String
    private let table: TriageTable
    private let sums = TriageFiles()
    private var child: YaraChild?
    private var failure: (any Error)?
    /// Children that ended in the middle of a file.
    private var lost = 0

    private(set) var files: Int64 = 0
    private(set) var bytes: Int64 = 0
    private(set) var matched = 0
    private var large = 0
    private var kept = 0
    private var odd = 0

    /// Folders inside each other.
    private static let deepest = 40
    /// After so many the rules are too much for this host.
    private static let mostLost = 3

    init(_ scan: YaraScan, _ policy: LocalPolicy, program: String, into table: TriageTable) {
        self.scan = scan
        self.policy = policy
        self.program = program
        self.table = table
    }

    /// What was looked at, and what was not, in one line.
    var summary: String {
        var parts = ["\(files) files with \(bytes) bytes were looked at, \(matched) matched"]
        if large > 0 { parts.append("\(large) were larger than \(scan.mostFileBytes) bytes") }
        if kept > 0 { parts.append("\(kept) are kept by the host, as secrets or by its owner") }
        if odd > 0 { parts.append("\(odd) could not be looked at") }
        return parts.joined(separator: "; ")
    }

    private func running() throws -> YaraChild {
        if let child { return child }
        let fresh = try YaraChild(program, rules: scan.rules, seconds: scan.patience.wholeSeconds + 5)
        child = fresh
        return fresh
    }

    // MARK: - Files

    /// Throws what ends the whole look; what ends it early is said in the table.
    func tree(_ path: String) throws {
        guard unsafe access(path, F_OK) == 0 else {
            throw EnforceError("file.gone", "\(path) is not there.", remedy: "Look at how it is spelled.")
        }
        _ = try running()
        let secrets = policy.secretFiles
        do throws(TriageTable.Stop) {
            try FileWalk(deepest: Self.deepest, table, RemotePlaces.here).from(path) { found throws(TriageTable.Stop) in
                do { try take(found, secrets) } catch let stop as TriageTable.Stop { throw stop } catch {
                    failure = error
                    throw .failed
                }
            }
        } catch { table.stopped = error }
        if let failure { throw failure }
    }

    private func take(_ found: FileWalk.Found, _ secrets: [FileStatus]) throws {
        guard found.status.isRegular, found.status.identity.size > 0 else { return }
        guard files < scan.mostFiles else { throw TriageTable.Stop.files }
        let path = found.path.text
        guard found.status.identity.size <= scan.mostFileBytes else {
            large += 1
            return table.note("\(path): larger than is looked at")
        }
        guard
            let file = try? Descriptor(
                unsafe clinux_open_regular(found.folder.number, found.name),
                or: {
                    .file("open", path, $0)
                }), (try? OpenedFile.checkFileSystem(of: file, path)) != nil,
            let status = try? FileStatus(of: file, path),
            status.isRegular, status.identity.size <= scan.mostFileBytes
        else {
            odd += 1
            return table.note("\(path): it cannot be opened, or is no plain file any more")
        }
        guard !policy.keeps(file, status, path, secrets) else {
            kept += 1
            return
        }
        files += 1
        bytes += status.identity.size
        guard let answer = try answer(of: file, path) else { return }
        if answer.code != 0 {
            odd += 1
            table.note("\(path): \(answer.isTimeOver ? "it took too long" : "libyara says \(answer.code)")")
        }
        guard !answer.matches.isEmpty else { return }
        matched += 1
        var row = TriageFiles.members(found.path, status)
        sums.sum(file, path, into: &row, until: table.end)
        try add(answer, to: row)
    }

    /// A file that ends the scanning process is named, and the others are looked at by another one.
    private func answer(of file: Descriptor, _ path: String) throws -> YaraChild.Answer? {
        do { return try running().scan(file) } catch let error as EnforceError where error.code != "yara.rules" {
            child = nil
            lost += 1
            odd += 1
            table.note("\(path): \(error.message)")
            guard lost < Self.mostLost else { throw error }
            return nil
        }
    }

    private func add(_ answer: YaraChild.Answer, to row: JSONObject) throws(TriageTable.Stop) {
        for match in answer.matches {
            var row = row
            row["rule"] = .text(match.rule)
            row["strings"] = .array(
                match.strings.map { string in
                    [
                        "name": .text(string.name), "offset": .integer(Int64(clamping: string.offset)),
                        "length": .integer(string.length),
                    ]
                })
            if answer.isMore { row["more"] = true }
            try table.add(.object(row), isMade: true)
        }
    }

    // MARK: - Memory

    /// The memory of a process that policy has been asked about, as it runs.
    func memory(of process: RunningProcess) throws {
        let pid = process.pid
        let memory = try ProcessMemory.open("/proc/\(pid)/mem")
        let pagemap = try ProcessMemory.open("/proc/\(pid)/pagemap")
        let plan = try MemoryPlan(
            try MemoryMap(of: pid), pagemap: pagemap, devices: FileDevices(of: pid),
            room: UInt64(scan.mostFileBytes), pieceHead: 0)
        guard RunningProcess(pid: pid)?.startTime == process.startTime, !plan.pieces.isEmpty else {
            throw EnforceError("process.gone", "Process \(pid) ended before its memory was read.")
        }
        for line in plan.leftOut { table.note(line) }
        let answer = try running().scan(plan.pieces, of: memory, within: table.timeLeft)
        (files, bytes, matched) = (1, Int64(clamping: plan.size), answer.matches.isEmpty ? 0 : 1)
        if answer.code != 0 {
            odd += 1
            table.stopped = answer.isTimeOver ? .time : .failed
        }
        var row = JSONObject()
        row["pid"] = .integer(Int64(pid))
        row["start_ticks"] = .integer(Int64(clamping: process.startTime))
        row["executable"] = .text(process.executable ?? "")
        do { try add(answer, to: row) } catch { table.stopped = error }
    }
}
