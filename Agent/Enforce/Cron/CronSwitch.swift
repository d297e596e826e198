internal import CLinux
internal import CordonModel
internal import Glibc

/// Turns one entry of cron off and on again.
///
/// Cron reads a table again when its time of change is another, in whole seconds: it gets one that is.
struct CronSwitch {
    private let disabled: DisabledCronEntry
    private let place: CronPlace
    /// The name of a file while it is made: cron passes over those that begin with a dot.
    private let draft: String

    init(_ disabled: DisabledCronEntry, _ place: CronPlace, draft: String) {
        (self.disabled, self.place, self.draft) = (disabled, place, draft)
    }

    private func table() throws -> (file: SmallFile, table: CronTable)? {
        let owners: Set<UInt32>? = place == .systemTable ? [0] : nil
        return try SmallFile(disabled.path, owners: owners, "root").map { ($0, CronTable($0.bytes)) }
    }

    /// How many times it would be run, and what undoing needs: `nil` where it is not there.
    func look() throws -> DisabledCronEntry? {
        var found = disabled
        switch place {
        case .script:
            guard let file = try script() else { return nil }
            found.mode = Int64(file.status.mode & 0o7777)
            found.count = file.status.mode & 0o111 == 0 ? 0 : 1
        case .systemTable, .userTable:
            guard let (file, table) = try table() else { return nil }
            found.count = Int64(table.indices(of: disabled.entry).count)
            found.modified = file.file.status.identity.modified
            found.stamp = Self.now(but: found.modified)
        }
        return found
    }

    /// Whether cron would run it now.
    func isOn() throws -> Bool { try (look()?.count ?? 0) > 0 }

    /// Turns it off wherever it is on. Returns what was done, in words; nothing where it was off.
    /// - Parameter stamp: The table's time of change from now on; now where there is none.
    func turnOff(stamp: FileStatus.Instant? = nil) throws -> [String] {
        guard place != .script else { return try clearMode() }
        guard let (file, found) = try table() else { return [] }
        var table = found
        let lines = table.disable(disabled.entry, disabled.mark)
        guard !lines.isEmpty else { return [] }
        let modified = file.file.status.identity.modified
        try file.replace(with: table.bytes, as: draft, modified: stamp ?? Self.now(but: modified))
        return lines.map { "line \($0 + 1) of \(disabled.path) is a comment" }
    }

    /// The table's time of change, and one for it to have after the next; `nil` where `turnOn` would not write it.
    func times() throws -> (now: FileStatus.Instant, next: FileStatus.Instant)? {
        guard place != .script, let (file, table) = try table(), !table.indices(with: disabled.mark).isEmpty else {
            return nil
        }
        let now = file.file.status.identity.modified
        return (now, Self.now(but: now))
    }

    /// Turns it on again. Throws where there is nothing left to turn on.
    /// - Parameter stamp: The table's time of change from now on; another than it has where there is none.
    func turnOn(stamp: FileStatus.Instant? = nil) throws {
        guard place != .script else { return try setMode() }
        guard let (file, found) = try table() else { throw gone }
        var table = found
        guard !table.indices(with: disabled.mark).isEmpty else {
            // Somebody did that already.
            guard table.indices(of: disabled.entry).isEmpty else { return }
            throw gone
        }
        table.enable(disabled.mark, count: Int(disabled.count))
        let modified = file.file.status.identity.modified
        try file.replace(with: table.bytes, as: draft, modified: stamp ?? Self.now(but: modified))
    }

    private var gone: EnforceError {
        EnforceError(
            "cron.gone", "\(disabled.path) has neither the entry nor the comment that it became.",
            remedy: "See who changed the file, and add the entry by hand: \(disabled.entry)")
    }

    // MARK: - Scripts

    private func script() throws -> OpenedFile? {
        do { return try OpenedFile(disabled.path) } catch let error as EnforceError where error.code == "file.gone" {
            return nil
        }
    }

    private func clearMode() throws -> [String] {
        guard let file = try script(), file.status.mode & 0o111 != 0 else { return [] }
        try change(file, to: file.status.mode & 0o7777 & ~0o111)
        return ["\(disabled.path) may not be executed"]
    }

    private func setMode() throws {
        guard let file = try script() else { throw gone }
        try change(file, to: file.status.mode & 0o7777 | UInt32(truncatingIfNeeded: disabled.mode) & 0o111)
    }

    private func change(_ file: OpenedFile, to mode: UInt32) throws {
        let flags = try InodeFlags.read(file.file, file.path)
        try InodeFlags.unlock(flags, file.file, file.path)
        let number = fchmod(file.file.number, mode) == 0 ? 0 : errno
        try InodeFlags.write(flags, file.file, file.path)
        guard number == 0 else { throw EnforceError.file("change the mode of", file.path, number) }
    }

    /// By the wall clock, and another second than that; after it where it is of ours, given a moment ago.
    private static func now(but other: FileStatus.Instant) -> FileStatus.Instant {
        let now = clinux_realtime_us() / 1_000_000
        let isRecent = (now...now + 60).contains(other.seconds)
        return FileStatus.Instant(seconds: isRecent ? other.seconds + 1 : now, nanoseconds: 0)
    }
}
