internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import Glibc

/// What starts by itself, and what was changed lately.
extension TriageLook {
    /// A place where things are put that start by themselves, or change how others start; a folder with what is below it.
    private struct Spot {
        var path: String
        /// Whether what stands there is told, or its sum alone: start scripts of shells hold environments, and jobs of at(1)
        /// the whole one of who made them.
        var withText = true
    }

    private static let spots =
        [
            "/etc/crontab", "/etc/anacrontab", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily",
            "/etc/cron.weekly", "/etc/cron.monthly", "/var/spool/cron/crontabs", "/var/spool/cron",
            "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd", "/etc/systemd/user",
            "/etc/rc.local", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/modules",
            "/etc/modules-load.d", "/etc/modprobe.d", "/etc/udev/rules.d", "/etc/xdg/autostart",
        ].map { Spot(path: $0) }
        + [
            "/var/spool/at", "/var/spool/cron/atjobs", "/etc/init.d", "/etc/profile", "/etc/profile.d",
            "/etc/bash.bashrc", "/etc/zsh", "/etc/environment", "/etc/pam.d", "/etc/sudoers", "/etc/sudoers.d",
            "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", "/etc/apt/apt.conf.d", "/etc/update-motd.d",
            "/etc/NetworkManager/dispatcher.d", "/etc/network/if-up.d", "/etc/dhcp/dhclient-exit-hooks.d",
        ].map { Spot(path: $0, withText: false) }
    /// The same in homes.
    private static let homeSpots =
        [".ssh/authorized_keys", ".ssh/authorized_keys2", ".config/systemd/user", ".config/autostart"].map {
            Spot(path: $0)
        }
        + [
            ".ssh/rc", ".ssh/config", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile", ".zshrc",
            ".zshenv",
        ].map { Spot(path: $0, withText: false) }
    /// Where what was changed lately is looked for.
    private static let changing = [
        "/tmp", "/var/tmp", "/dev/shm", "/root", "/home", "/etc", "/usr/local", "/opt", "/var/www", "/srv", "/usr/bin",
        "/usr/sbin", "/usr/lib/systemd", "/boot",
    ]
    /// How far back that is. Seconds.
    private static let lately: Int64 = 7 * 86_400
    /// Files of one of these places that are told.
    private static let mostOfPlace = 3000
    private static let deepestSpot = 4
    private static let deepest = 8
    /// Homes that are looked into.
    private static let mostHomes = 1000
    /// Files of one home, and bytes and time that are given to it.
    private static let mostOfHome = 200
    private static let mostBytesOfHome = 256 << 10
    private static let patienceOfHome = Duration.seconds(5)

    func persistence(_ table: TriageTable) throws(TriageTable.Stop) {
        let remote = RemotePlaces.here
        var seen: Set<Seen> = []
        // The stricter come first, for some lie in others.
        for spot in Self.spots.sorted(by: { !$0.withText && $1.withText }) {
            let walk = FileWalk(deepest: Self.deepestSpot, table, remote)
            try walk.from(spot.path) { found throws(TriageTable.Stop) in
                guard seen.insert(Seen(found)).inserted else { return }
                try tell(found, withText: spot.withText, until: walk.end, table)
            }
        }
        for home in homes(table) { try persistence(of: home, remote, &seen, table) }
    }

    /// Files that were told, for some places lie in others.
    private struct Seen: Hashable {
        var path: RawPath
        var inode: UInt64

        init(_ found: FileWalk.Found) {
            path = found.path
            inode = found.status.identity.inode
        }
    }

    private func homes(_ table: TriageTable) -> [String] {
        var homes: Set<String> = []
        for line in (TextFile.text("/etc/passwd") ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 7, fields[5].hasPrefix("/"), fields[5].utf8.count > 1 else { continue }
            homes.insert(String(fields[5]))
        }
        if homes.count > Self.mostHomes { table.note("\(Self.mostHomes) of \(homes.count) homes were looked into") }
        return Array(homes.sorted().prefix(Self.mostHomes))
    }

    /// What a home holds its owner chose: no link in it is followed, and it has bounds of its own, so that none of them takes
    /// what the others need.
    private func persistence(
        of home: String, _ remote: RemotePlaces, _ seen: inout Set<Seen>, _ table: TriageTable
    ) throws(TriageTable.Stop) {
        let end = ContinuousClock.now + min(Self.patienceOfHome, table.timeLeft / 4)
        let walk = FileWalk(deepest: Self.deepestSpot, table, remote, until: end)
        guard let real = walk.resolved(home) else { return }
        let (rows, bytes) = (
            table.rows + Self.mostOfHome, table.bytes.count + min(Self.mostBytesOfHome, table.room / 4)
        )
        var isFull = false
        do throws(TriageTable.Stop) {
            for spot in Self.homeSpots {
                try walk.from(spot.path.split(separator: "/"), in: real) { found throws(TriageTable.Stop) in
                    guard seen.insert(Seen(found)).inserted else { return }
                    isFull = table.rows >= rows || table.bytes.count >= bytes
                    if isFull { throw table.rows >= rows ? .rows : .bytes }
                    try tell(found, withText: spot.withText, until: end, table)
                }
            }
        } catch {
            // Its own bound, or the table's.
            guard isFull || (error == .time && table.timeLeft > .zero) else { throw error }
            table.note("\(home): not all of it: it has as much as one home may take")
        }
    }

    private func tell(
        _ found: FileWalk.Found, withText: Bool, until end: ContinuousClock.Instant, _ table: TriageTable
    ) throws(TriageTable.Stop) {
        guard found.status.isRegular else {
            var row = TriageFiles.members(found.path, found.status)
            row["link_to"] = .text(found.target ?? "")
            return try table.add(.object(row))
        }
        let isKept = uncollected(found.path.text, found.status)
        if let row = files.row(found, withText: withText && !isKept, until: end, table) { try table.add(row) }
    }

    /// What its owner keeps from being collected is not shown here either.
    private func uncollected(_ path: String, _ status: FileStatus) -> Bool {
        do {
            try policy.checkCollection(FileCollection(path: path))
            try policy.checkSecret(status, path)
            return false
        } catch { return true }
    }

    /// The newest of each place, so that a place with very many leaves room for the others.
    func recentFiles(_ table: TriageTable) throws(TriageTable.Stop) {
        var time = timespec()
        unsafe _ = clock_gettime(CLOCK_REALTIME, &time)
        let since = Int64(time.tv_sec) - Self.lately
        let remote = RemotePlaces.here
        for path in Self.changing {
            try table.check()
            var newest = NewestFiles(most: Self.mostOfPlace)
            do throws(TriageTable.Stop) {
                try FileWalk(deepest: Self.deepest, table, remote, until: ContinuousClock.now + table.timeLeft / 2)
                    .from(path) { found throws(TriageTable.Stop) in
                        if found.status.changed.seconds >= since { newest.add(found.path, found.status) }
                    }
            } catch { table.note("\(path): not all of it, for \(error.rawValue)") }
            let (files, leftOut) = newest.sorted()
            if leftOut > 0 { table.note("\(path): the newest \(files.count) of \(files.count + leftOut)") }
            for (path, status) in files { try table.add(.object(TriageFiles.members(path, status))) }
        }
    }
}

/// Those of many files that were changed last.
private struct NewestFiles {
    private let most: Int
    private var kept: [(path: RawPath, status: FileStatus)] = []
    private var leftOut = 0

    init(most: Int) { self.most = most }

    mutating func add(_ path: RawPath, _ status: FileStatus) {
        kept.append((path, status))
        if kept.count >= 2 * most { trim() }
    }

    /// The newest first, and how many there were besides.
    mutating func sorted() -> (files: [(path: RawPath, status: FileStatus)], leftOut: Int) {
        trim()
        return (kept, leftOut)
    }

    private mutating func trim() {
        kept.sort { one, other in
            one.status.changed.seconds == other.status.changed.seconds
                ? one.path.bytes.lexicographicallyPrecedes(other.path.bytes)
                : one.status.changed.seconds > other.status.changed.seconds
        }
        leftOut += max(0, kept.count - most)
        kept.removeLast(max(0, kept.count - most))
    }
}
