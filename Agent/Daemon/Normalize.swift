internal import AgentCollect
internal import ArgumentParser
internal import CLinux
internal import CordonModel
internal import CordonSignals
internal import SystemPackage

/// `cordon-agent normalize`: what the parsers make of a file, to look at.
struct Normalize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what the parsers make of a file: one ECS document (nested JSON) for every line, in order.",
        discussion: """
            Of audit logs it is one document for every event, which is several lines. \
            Needs neither settings nor identity, and changes nothing.

            EXAMPLES
              cordon-agent normalize --source sshd /var/log/auth.log
              cordon-agent normalize --source audit /var/log/audit/audit.log | jq -r '.process.command_line'
            """)

    @Option(help: "What the file holds: \(LineSource.names.joined(separator: ", ")).")
    var source = LogFormat.syslog.rawValue

    @Argument(help: "The file; - is the standard input.")
    var file: String

    func run() throws {
        clinux_ignore_sigpipe()
        guard let source = LineSource(source) else {
            try fail("there is no source \(printable(source)); there are \(LineSource.names.joined(separator: ", ")).")
        }
        do {
            let input = file == "-" ? FileDescriptor.standardInput : try FileDescriptor.open(FilePath(file), .readOnly)
            var normalizer = FileNormalizer(
                reader(source), normalizer: Normalizer(zoneOffset: LocalTime.offset), now: Surroundings.live.now)
            try normalizer.run(from: input, to: .standardOutput)
        } catch Errno.brokenPipe {
            // Who read it has seen enough.
        } catch {
            try fail("\(printable(file)): \(error)")
        }
    }

    /// Audit's lines are joined. The log may be another host's: this one's users and processes are not asked.
    private func reader(_ source: LineSource) -> any LineReading {
        guard source.name == LogFormat.audit.rawValue else { return source }
        return AuditLineReader(AuditReading(users: UserNames(folder: nil), processes: ProcessTable(readsProc: false)))
    }

    /// What a terminal may show.
    private func printable(_ text: String) -> String {
        String(decoding: text.utf8.prefix(200).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
    }

    private func fail(_ words: String) throws -> Never {
        print("cordon-agent: \(words)", to: &standardError)
        throw ExitCode(1)
    }
}
