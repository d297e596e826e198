internal import CordonModel
internal import CordonOrders

extension LocalPolicy {
    /// Throws the rule that keeps an entry of cron running, as far as its file's name tells.
    func checkCron(_ entry: CronEntry) throws(Refusal) {
        guard let place = CronPlace(entry.path) else {
            throw Refusal("built-in: cron place", "Cron does not look at \(entry.path), but at \(CronPlace.words).")
        }
        switch (place, entry.line) {
        case (.script, nil): break
        case (.script, _): throw Refusal("built-in: cron entry", "\(entry.path) is a script: it has no entries.")
        case (_, nil): throw Refusal("built-in: cron entry", "\(entry.path) is a table: name its entry, a whole line.")
        case (_, let line?):
            guard CronTable.isEntry(line) else {
                throw Refusal("built-in: cron entry", "That line says nothing of when something is to be run: \(line)")
            }
        }
        try checkPath(entry.path)
    }

    /// Throws for what belongs to a package, and for the table of a user whom the policy protects. In `/etc/crontab`
    /// everybody's entries are.
    func checkCronOwner(_ entry: CronEntry, _ place: CronPlace, _ accounts: Accounts) throws {
        if case .userTable(let name) = place, let account = try accounts.account(name),
            protectedUsers.value[account.user] != nil
        {
            throw Refusal("protected_users", protectedUsers, "This host's policy protects \(name).")
        }
        if entry.path != "/etc/crontab" { try checkPackage(of: entry.path, in: PackageFiles()) }
    }
}
