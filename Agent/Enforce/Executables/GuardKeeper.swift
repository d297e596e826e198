internal import CordonModel
internal import CordonWire
internal import Glibc

/// What the guard goes by, from one look to the next: the list as it was last whole, and what was said of it.
struct GuardKeeper {
    var marks: GuardMarks
    /// What is blocked and not over.
    private(set) var active: [BlockedExecutables.Entry] = []
    private var list = BlockedExecutables(revision: 0, entries: [])
    private var listFault: GuardReport.Fault?
    /// The list's file as it was when it was last read, whether that could be understood or not.
    private var seen: [Int64]?
    private var written: GuardReport?

    init(_ gate: StartGate) { marks = GuardMarks(gate) }

    /// Patterns of programs that start whatever they hold.
    var protected: [String] { list.protected }

    var isIdle: Bool { active.isEmpty && listFault == nil }

    /// Reads the list where its file is another. One that is gone or damaged changes nothing: what was said before holds.
    mutating func read(_ path: String, _ clock: BootClock, say: (EnforceError) -> Void) {
        let version = TextFile.version(path)
        if version != seen {
            seen = version
            do throws(EnforceError) {
                list = try BlockedExecutables.read(path)
                listFault = nil
            } catch {
                // A host on which nothing was ever blocked has none.
                if !version.isEmpty || !list.entries.isEmpty {
                    listFault = GuardReport.Fault(subject: "", text: error.message.bounded(GuardReport.longestText))
                    say(error)
                }
            }
        }
        active = list.entries.filter { clock.remaining(of: $0.term) > .zero }
    }

    /// What is in force now.
    func report(faults: [GuardReport.Fault], _ clock: BootClock) -> GuardReport {
        var report = GuardReport()
        report.revision = list.revision
        report.pid = Int64(getpid())
        report.boot = clock.boot
        report.files = Int64(marks.fileCount)
        report.fileSystems = Int64(marks.fileSystemCount)
        report.faults = GuardReport.bounded([listFault].compactMap(\.self) + faults)
        report.sinceBoot = clock.sinceBoot()
        return report
    }

    /// Writes the report where it says something new, and each second while anything is in force.
    mutating func write(_ report: GuardReport, to path: String, say: (EnforceError) -> Void) {
        if let written {
            var same = written
            same.sinceBoot = report.sinceBoot
            let age = Duration.nanoseconds(report.sinceBoot - written.sinceBoot)
            guard same != report || !isIdle && age >= .seconds(1) else { return }
        }
        do throws(EnforceError) {
            try RecordFile.write(report.bytes, to: path)
            written = report
        } catch {
            say(error)
        }
    }
}
