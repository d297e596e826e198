internal import CordonModel

/// What the guard says of itself, in a file of root's: what it holds, what it could not do, and what it denied.
struct GuardReport: Equatable {
    /// Starts of one program that were denied.
    struct Denial: Equatable {
        /// What was blocked, as ``ExecutableBlock/Subject/text`` has it.
        var subject: String
        var count: Int64
        /// The last of them: the file as it is called there, and the process that wanted it.
        var path: String
        var pid: Int64
        var program: String
        var user: Int64
    }

    /// Something that the list asks for and that is not so.
    struct Fault: Equatable {
        /// What it is about; empty for all of it.
        var subject: String
        var text: String
    }

    /// Which list is in force.
    var revision: Int64 = 0
    /// The guard's process.
    var pid: Int64 = 0
    var boot = ""
    /// When it was written, nanoseconds after boot: anew each second while anything is blocked.
    var sinceBoot: Int64 = 0
    /// What the kernel is asked to ask about.
    var files: Int64 = 0
    var fileSystems: Int64 = 0
    /// Starts that were let pass because the content was too large, too slow or could not be read.
    var unread: Int64 = 0
    /// The last of them; empty where not even that is known.
    var unreadPath = ""
    var faults: [Fault] = []
    var denials: [Denial] = []

    private static let title = "cordon guard report 1"
    static let mostFaults = 2 * BlockedExecutables.most
    /// Bytes of a path, a fault or a name that are told.
    static let longestText = 300
    /// A guard that has said nothing for so long is not there.
    static let silence = Duration.seconds(5)

    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(text: Self.title)
        for text in [boot, unreadPath] { writer.put(text: text) }
        for number in [revision, pid, sinceBoot, files, fileSystems, unread] { writer.put(number) }
        writer.put(Int64(faults.count))
        for fault in faults {
            writer.put(text: fault.subject)
            writer.put(text: fault.text)
        }
        writer.put(Int64(denials.count))
        for denial in denials {
            for text in [denial.subject, denial.path, denial.program] { writer.put(text: text) }
            for number in [denial.count, denial.pid, denial.user] { writer.put(number) }
        }
        return writer.bytes
    }

    init() {}

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard reader.text() == Self.title, let boot = reader.text(),
            let unreadPath = reader.text(), let revision = reader.number(),
            let pid = reader.number(), let sinceBoot = reader.number(), let files = reader.number(),
            let fileSystems = reader.number(), let unread = reader.number(),
            let faults = Self.list(&reader, Self.mostFaults, Fault.init),
            let denials = Self.list(&reader, BlockedExecutables.most, Denial.init), reader.isAtEnd
        else { return nil }
        (self.boot, self.unreadPath) = (boot, unreadPath)
        (self.revision, self.pid, self.sinceBoot) = (revision, pid, sinceBoot)
        (self.files, self.fileSystems, self.unread) = (files, fileSystems, unread)
        (self.faults, self.denials) = (faults, denials)
    }

    private static func list<Item>(
        _ reader: inout RecordReader, _ most: Int, _ item: (inout RecordReader) -> Item?
    ) -> [Item]? {
        guard let count = reader.number(), (0...Int64(most)).contains(count) else { return nil }
        var items: [Item] = []
        for _ in 0..<count {
            guard let next = item(&reader) else { return nil }
            items.append(next)
        }
        return items
    }

    /// Reads the report of a guard; `nil` where there is none that can be believed.
    static func read(_ path: String) -> GuardReport? {
        do { try RootOwned.check(path, required: true) } catch { return nil }
        return RecordFile.read(path).flatMap(GuardReport.init(bytes:))
    }

    /// The faults that are told where there are too many: of each subject the first comes first.
    static func bounded(_ faults: [Fault]) -> [Fault] {
        var seen: Set<String> = []
        let first = faults.filter { seen.insert($0.subject).inserted }
        seen = []
        let rest = faults.filter { !seen.insert($0.subject).inserted }
        return Array((first + rest).prefix(mostFaults))
    }

    /// So many starts that were let pass, for people.
    func unreadWords(_ times: Int64) -> String {
        "cordon-guard let \(times == 1 ? "a program" : "\(times) programs") start unread, too large or too slow to be read"
            + (unreadPath.isEmpty ? "." : "; the last is \(unreadPath).")
    }

    /// Whether the process that wrote it may run still, though it says nothing.
    func isAlive(_ clock: BootClock) -> Bool {
        guard boot == clock.boot, let pid = Int32(exactly: pid) else { return false }
        return RunningProcess(pid: pid).map { $0.state != "Z" } ?? false
    }

    /// Whether the guard that wrote it is there still.
    func isFresh(_ clock: BootClock) -> Bool {
        boot == clock.boot && Duration.nanoseconds(clock.sinceBoot() - sinceBoot) < Self.silence
    }
}

extension GuardReport.Fault {
    fileprivate init?(_ reader: inout RecordReader) {
        guard let subject = reader.text(), let text = reader.text() else { return nil }
        self.init(subject: subject, text: text)
    }
}

extension GuardReport.Denial {
    fileprivate init?(_ reader: inout RecordReader) {
        guard let subject = reader.text(), let path = reader.text(), let program = reader.text(),
            let count = reader.number(), let pid = reader.number(), let user = reader.number()
        else { return nil }
        self.init(subject: subject, count: count, path: path, pid: pid, program: program, user: user)
    }
}
