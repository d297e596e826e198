internal import CordonModel
internal import Glibc

/// What `/proc` shows of a process for an event. The process may be gone, replace its program or hide meanwhile.
struct ProcessDetails: Sendable, Hashable {
    var status: ProcessFolder.Status?
    var executable: String?
    var arguments: [String] = []
    /// The arguments were longer than is kept.
    var isCut = false
    var workingDirectory: String?
    /// Real and effective user, and real group.
    var user: Int64?
    var effectiveUser: Int64?
    var group: Int64?
    /// Who logged on, whatever they became since.
    var login: Int64?
    var container: String?
    /// Why the program is not known.
    var absence: Absence?

    enum Absence: String, Sendable, Hashable {
        case gone = "process_gone"
        case hidden = "process_hidden"
    }

    /// Bytes of a command line that are kept: what an event's text may have.
    static let argumentBytes = 16 * 1024

    var commandLine: String? { arguments.isEmpty ? nil : arguments.joined(separator: " ") }
}

extension ProcessFolder {
    /// Reads all that an event says; again where another program took the process over meanwhile (execve(2)): the name of one
    /// would stand beside the arguments of the other.
    func details(of pid: Int64) -> ProcessDetails {
        var details = look(at: pid)
        for _ in 0..<3 {
            guard let before = details.executable, let after = executable(of: pid), before != after else { break }
            details = look(at: pid)
        }
        return details
    }

    private func look(at pid: Int64) -> ProcessDetails {
        var details = ProcessDetails()
        // The program first: it is what is soonest gone.
        details.executable = executable(of: pid)
        if let bytes = SmallFile.read("\(root)/\(pid)/cmdline", limit: ProcessDetails.argumentBytes) {
            details.arguments = Self.arguments(bytes)
            details.isCut = bytes.count == ProcessDetails.argumentBytes
        }
        details.status = status(of: pid)
        details.workingDirectory = SmallFile.link("\(root)/\(pid)/cwd")
        if let bytes = SmallFile.read("\(root)/\(pid)/status", limit: 8192) {
            let users = Self.numbers("Uid:", in: bytes)
            (details.user, details.effectiveUser) = (users.first, users.dropFirst().first)
            details.group = Self.numbers("Gid:", in: bytes).first
        }
        if let bytes = SmallFile.read("\(root)/\(pid)/loginuid", limit: 16),
            let login = Int64(AuditText.text(bytes)), login != 4_294_967_295
        {
            details.login = login
        }
        details.container = SmallFile.read("\(root)/\(pid)/cgroup", limit: 4096).flatMap { Self.container($0) }
        if details.executable == nil {
            let isGone = details.status.map(\.isEnded) ?? !exists(pid)
            details.absence = isGone ? .gone : .hidden
        }
        return details
    }

    /// Whether there is such a process, to be seen or not.
    private func exists(_ pid: Int64) -> Bool { kill(pid_t(truncatingIfNeeded: pid), 0) == 0 || errno == EPERM }

    /// Docker, containerd, CRI-O and Podman name a container's group by its identifier: 64 hexadecimal digits.
    static func container(_ cgroup: [UInt8]) -> String? {
        var run = 0
        for (index, byte) in cgroup.enumerated() {
            run = HexDigit.value(byte) == nil ? 0 : run + 1
            let next = index + 1 < cgroup.count ? cgroup[index + 1] : 0
            if run == 64, HexDigit.value(next) == nil { return AuditText.text(cgroup[(index - 63)...index]) }
        }
        return nil
    }
}
