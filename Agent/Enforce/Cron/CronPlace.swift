internal import CordonModel

/// Where cron finds what it runs. Closed: another file is none of its.
enum CronPlace: Equatable {
    /// A table whose entries name their user: root's.
    case systemTable
    /// A user's own.
    case userTable(String)
    /// A script that run-parts(8) starts if it may be executed.
    case script

    /// What a path means; `nil` for one that cron does not look at.
    init?(_ path: String) {
        if ["/etc/crontab", "/etc/anacrontab"].contains(path) {
            self = .systemTable
            return
        }
        for (folder, place) in Self.folders where path.hasPrefix(folder) {
            let name = path.dropFirst(folder.count)
            guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/") else { continue }
            switch place {
            case .userTable: self = .userTable(String(name))
            default: self = place
            }
            return
        }
        return nil
    }

    /// Debian's, and those of cronie on other systems. Jobs of at(1) are not here: atd(8) removes one that may not be executed.
    private static let folders: [(String, CronPlace)] =
        [("/etc/cron.d/", .systemTable)]
        + ["/var/spool/cron/crontabs/", "/var/spool/cron/tabs/", "/var/spool/cron/"].map { ($0, .userTable("")) }
        + ["hourly", "daily", "weekly", "monthly", "yearly"].map { ("/etc/cron.\($0)/", .script) }

    /// For people, and for errors.
    static let words =
        "/etc/crontab, /etc/anacrontab, /etc/cron.d, /var/spool/cron, and scripts of /etc/cron.hourly to /etc/cron.yearly"
}
