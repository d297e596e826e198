internal import CordonModel
internal import CordonOrders
internal import CordonWire

/// What the guard was told, and what of its answers was told on.
struct ExecutableWatch {
    private var list = BlockedExecutables(revision: 0, entries: [])
    /// The list's file as it was written.
    private var version: [Int64]?
    private var since = ContinuousClock.now
    private var nextTry = ContinuousClock.now
    /// Denials that were told, by subject, and when.
    private var told: [String: (count: Int64, pid: Int64, at: ContinuousClock.Instant)] = [:]
    /// Starts that were let pass unread and told, and when.
    private var unreadTold: (count: Int64, at: ContinuousClock.Instant)?
    private var guardPID: Int64 = 0
    private var isAbsent = false
    private var faultsTold: Set<String> = []

    /// Of one program, starts that were denied are told so often.
    private static let pause = Duration.seconds(10)

    var isEmpty: Bool { list.entries.isEmpty }

    /// Whether the list that was written says the same.
    func says(_ wanted: BlockedExecutables) -> Bool {
        list.entries == wanted.entries && list.protected == wanted.protected
    }

    var mayTry: Bool { nextTry <= .now }

    /// Whether the file is another than was written.
    func isForeign(_ now: [Int64]) -> Bool { version.map { $0 != now } ?? false }

    mutating func took(_ list: BlockedExecutables, _ version: [Int64], at now: ContinuousClock.Instant) {
        (self.list, self.version, since) = (list, version, now)
        told = told.filter { old in list.entries.contains { $0.subject.text == old.key } }
    }

    mutating func failed() { nextTry = .now + Self.pause }

    /// What is to be told of the guard's report.
    mutating func news(
        of report: GuardReport?, isFresh: Bool, names: (Int64) -> String
    ) -> [(Cordon_V1_Notice.Kind, String)] {
        guard let report, isFresh else {
            guard !isAbsent, ContinuousClock.now - since > GuardReport.silence else { return [] }
            isAbsent = true
            return [(.drift, "cordon-guard does not run, or hangs: programs that are blocked can start.")]
        }
        if isAbsent { (isAbsent, since) = (false, .now) }
        if report.pid != guardPID {
            guardPID = report.pid
            (told, unreadTold) = ([:], nil)
        }
        var news = faults(report) + unread(report)
        for denial in report.denials {
            let before = told[denial.subject]
            guard denial.count > before?.count ?? 0, before.map({ ContinuousClock.now - $0.at > Self.pause }) ?? true
            else { continue }
            told[denial.subject] = (denial.count, denial.pid, .now)
            let times = denial.count - (before?.count ?? 0)
            let by = denial.subject == denial.path ? "" : " (blocked as \(denial.subject))"
            news.append(
                (
                    .denied,
                    "\(denial.path)\(by) was kept from starting\(times > 1 ? " \(times) times, last" : ""): process "
                        + "\(denial.pid), \(denial.program), of user \(names(denial.user))."
                ))
        }
        return news
    }

    /// Starts that nobody could judge.
    private mutating func unread(_ report: GuardReport) -> [(Cordon_V1_Notice.Kind, String)] {
        let times = report.unread - (unreadTold?.count ?? 0)
        guard times > 0, unreadTold.map({ ContinuousClock.now - $0.at > Self.pause }) ?? true else { return [] }
        unreadTold = (report.unread, .now)
        return [(.drift, report.unreadWords(times))]
    }

    /// What the guard cannot do, each told once as long as it is so.
    private mutating func faults(_ report: GuardReport) -> [(Cordon_V1_Notice.Kind, String)] {
        let now = Set(report.faults.map(\.text))
        let fresh = now.subtracting(faultsTold).sorted()
        faultsTold = now
        return fresh.map { (.drift, "cordon-guard: \($0)") }
    }
}
