internal import AgentNetlink
internal import CordonFrames
internal import CordonModel
internal import CordonOrders
internal import Glibc
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
    /// What the kernel lacks is looked at so often, a second apart, before it counts: an interface that comes up is closed a
    /// moment later.
    private static let mostLooks = 5

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
        for _ in 1..<Self.mostLooks {
            let finding = try lookOnce()
            guard finding == .notInForce else { return finding }
            usleep(1_000_000)
        }
        return try lookOnce()
    }

    /// The isolation that the journal has forgotten, though neither its term nor a release has ended it.
    mutating func forgotten() throws(EnforceError) -> DesiredState.HeldIsolation? {
        try readJournal()
        return isWanted(read.history.wanted) ? nil : missed
    }

    private func isWanted(_ isolation: DesiredState.HeldIsolation?) -> Bool {
        isolation.map { !isOver($0.term) } ?? false
    }

    /// What was seen, and was not ended. An enforcer that releases removes the file, whatever its journal keeps of that.
    private var missed: DesiredState.HeldIsolation? {
        guard let seen, folder.isolated != nil, isWanted(seen.isolation), !read.history.hasReleased(seen.isolation)
        else {
            return nil
        }
        return seen.isolation
    }

    private mutating func lookOnce() throws(EnforceError) -> Finding {
        try readJournal()
        guard let wanted = read.history.wanted, isWanted(wanted) else {
            guard missed == nil else { return .forgotten }
            if seen != nil {
                folder.unlink(ReleaseFolder.isolatedName)
                seen = nil
            }
            return .notWanted
        }
        var firewall = if let firewall { firewall } else { try Firewall() }
        defer { self.firewall = firewall }
        let kernel = try KernelIsolation(&firewall)
        // Once interfaces were closed they are to stay so, though the isolation be prolonged meanwhile.
        let hasEgress = wanted.level == .networkAndRaw && (kernel.hasEgress || seen?.hasEgress == true)
        if seen?.isolation != wanted || seen?.hasEgress != hasEgress {
            let now = SeenIsolation(isolation: wanted, hasEgress: hasEgress)
            try folder.keep(isolated: now.bytes)
            seen = now
        }
        return kernel.isInForce(withEgress: hasEgress) ? .inForce : .notInForce
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
    private(set) var wanted: DesiredState.HeldIsolation?
    /// Those that somebody or something released.
    private var released: Set<OrderID> = []
    /// When the last order to release that was carried out was issued. What is left of it when the journal is written anew.
    private var releaseIssuedAt: Timestamp?
    /// Those since the last release: a later one takes the place of one before.
    private var standing: Set<OrderID> = []

    /// Whether it was released, or ordered to be.
    func hasReleased(_ isolation: DesiredState.HeldIsolation) -> Bool {
        released.contains(isolation.order) || releaseIssuedAt.map { $0 >= isolation.issuedAt } ?? false
    }

    mutating func take(_ record: JournalRecord) {
        switch record {
        case .received(let receipt) where receipt.kind == .release && receipt.counts:
            guard let issued = receipt.issuedAt else { break }
            releaseIssuedAt = max(releaseIssuedAt ?? issued, issued)
        case .isolated(let order, let issuedAt, let term, let lost, let level):
            wanted = DesiredState.HeldIsolation(
                order: order, issuedAt: issuedAt, term: term, lost: lost, level: level)
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
    var isolation: DesiredState.HeldIsolation
    /// Whether interfaces were closed to raw sockets.
    var hasEgress: Bool

    init(isolation: DesiredState.HeldIsolation, hasEgress: Bool) {
        (self.isolation, self.hasEgress) = (isolation, hasEgress)
    }

    /// As a record of the journal, behind a byte.
    var bytes: [UInt8] { [hasEgress ? 1 : 0] + isolation.record.bytes }

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
    private let interfaces: Set<String>

    /// Interfaces first: one that comes up meanwhile is not missed among those that are closed.
    init(_ firewall: inout Firewall) throws(EnforceError) {
        do throws(NetlinkError) {
            var links = try LinkTable()
            interfaces = Set(try links.interfaces().prefix(IsolationRules.mostInterfaces))
        } catch {
            throw .system("host.interfaces", "The host's interfaces cannot be listed", error.number)
        }
        closed = try firewall.readBack(IsolationRules.table).closed
    }

    var hasEgress: Bool { !closed.interfaces.isEmpty }

    /// What comes in, goes out and is passed on is dropped unless a rule lets it pass; and so at every interface.
    func isInForce(withEgress: Bool) -> Bool {
        closed.hooks >= 3 && (!withEgress || interfaces.isSubset(of: closed.interfaces))
    }
}
