internal import AgentNetlink
internal import CordonFrames
internal import CordonModel
internal import CordonOrders
internal import SystemPackage

/// Whether an isolation that is to be in force is so, found out without the enforcer: that one is new and on trial. Its journal
/// says what is wanted now, the kernel what there is; and what was wanted before is kept on disk here, so that what was
/// forgotten can be told from what was ended.
struct IsolationWatch {
    private let folder: ReleaseFolder
    private let journal: String
    private let clock: BootClock
    /// The journal as it was read last; its version changes whenever it does.
    private var read: (version: [Int64], history: IsolationHistory) = ([], IsolationHistory())
    private var seen: SeenIsolation?
    /// Opened at its first use.
    private var firewall: Firewall?

    init(_ folder: ReleaseFolder, stateFolder: String, clock: BootClock = .live) {
        self.folder = folder
        journal = stateFolder + "/journal"
        self.clock = clock
        seen = folder.isolated.flatMap { SeenIsolation(bytes: $0) }
    }

    /// What is found.
    enum Finding: Equatable {
        /// None is wanted now.
        case notWanted
        /// One is wanted, and the kernel has it.
        case inForce
        /// One is wanted, and the kernel does not have it, wholly.
        case notInForce
        /// The journal has forgotten one that neither its term nor a release has ended.
        case forgotten
    }

    /// Looks, and remembers what is wanted.
    mutating func look() throws(EnforceError) -> Finding {
        try readJournal()
        guard let wanted = read.history.wanted, !isOver(wanted.term) else {
            guard let seen, !isOver(seen.isolation.term), !read.history.released.contains(seen.isolation.order) else {
                if seen != nil {
                    folder.unlink(ReleaseFolder.isolatedName)
                    seen = nil
                }
                return .notWanted
            }
            return .forgotten
        }
        var firewall = if let firewall { firewall } else { try Firewall() }
        defer { self.firewall = firewall }
        let kernel = try KernelIsolation(&firewall)
        let hasEgress = wanted.level == .networkAndRaw && kernel.hasEgress
        if seen?.isolation != wanted || hasEgress && seen?.hasEgress == false {
            let now = SeenIsolation(isolation: wanted, hasEgress: hasEgress)
            try folder.keep(isolated: now.bytes)
            seen = now
        }
        return kernel.isInForce(withEgress: seen?.hasEgress == true) ? .inForce : .notInForce
    }

    private func isOver(_ term: Term) -> Bool { clock.remaining(of: term) <= .zero }

    /// Reads it as it is, while the enforcer writes to it: what is not wholly written yet is read the next time.
    private mutating func readJournal() throws(EnforceError) {
        let version = TextFile.version(journal)
        guard read.version != version || version.isEmpty else { return }
        var history = IsolationHistory()
        do throws(FrameError) {
            if let file = try File.openIfPresent(FilePath(journal)) {
                defer { file.close() }
                if let header = FileHeader(try file.read(at: 0, count: FileHeader.length)) {
                    var reader = FrameReader(
                        file, epoch: header.epoch, from: FileHeader.length, limit: FrameFile.entryLimit)
                    while case .frame(let frame, _) = try reader.next() {
                        if let record = JournalRecord(bytes: frame.payload[...]) { history.take(record) }
                    }
                }
            }
        } catch {
            throw EnforceError("journal.unreadable", "The enforcer's journal cannot be read: \(error.message)")
        }
        read = (version, history)
    }
}

/// What a journal tells of isolations.
struct IsolationHistory: Equatable {
    /// The one that is to be in force, be its term over or not.
    private(set) var wanted: Isolated?
    /// Those that somebody or something released.
    private(set) var released: Set<OrderID> = []
    /// Those since the last release: a later one takes the place of one before.
    private var standing: Set<OrderID> = []

    /// An isolation, as it is judged here.
    struct Isolated: Equatable {
        var order: OrderID
        var term: Term
        var level: Isolation.Level
    }

    mutating func take(_ record: JournalRecord) {
        switch record {
        case .isolated(let order, _, let term, _, let level):
            wanted = Isolated(order: order, term: term, level: level)
            standing.insert(order)
        case .released:
            wanted = nil
            released.formUnion(standing)
            standing = []
        default: break
        }
    }
}

/// An isolation that was wanted in an earlier look.
struct SeenIsolation: Equatable {
    var isolation: IsolationHistory.Isolated
    /// Whether interfaces were closed to raw sockets.
    var hasEgress: Bool

    init(isolation: IsolationHistory.Isolated, hasEgress: Bool) {
        (self.isolation, self.hasEgress) = (isolation, hasEgress)
    }

    /// As a record of the journal, behind a byte.
    var bytes: [UInt8] {
        let record = JournalRecord.isolated(
            order: isolation.order, issuedAt: Timestamp(microseconds: 0), term: isolation.term, lost: nil,
            level: isolation.level)
        return [hasEgress ? 1 : 0] + record.bytes
    }

    init?(bytes: [UInt8]) {
        var history = IsolationHistory()
        guard let first = bytes.first, let record = JournalRecord(bytes: bytes.dropFirst()) else { return nil }
        history.take(record)
        guard let isolation = history.wanted else { return nil }
        self.init(isolation: isolation, hasEgress: first == 1)
    }
}

/// What the kernel has of an isolation: its closed chains. Which rules are in them is the affair of the version that wrote them.
private struct KernelIsolation {
    private let closed: Firewall.ReadBack.Closed
    private let interfaces: Int

    init(_ firewall: inout Firewall) throws(EnforceError) {
        closed = try firewall.readBack(IsolationRules.table).closed
        do throws(NetlinkError) {
            var links = try LinkTable()
            interfaces = try links.interfaces().count
        } catch {
            throw .system("host.interfaces", "The host's interfaces cannot be listed", error.number)
        }
    }

    var hasEgress: Bool { closed.interfaces > 0 }

    /// What comes in, goes out and is passed on is dropped unless a rule lets it pass; and so at every interface.
    func isInForce(withEgress: Bool) -> Bool {
        closed.hooks >= 3 && (!withEgress || closed.interfaces >= interfaces)
    }
}
