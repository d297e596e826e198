package import CordonModel
package import CordonScan
internal import Glibc
internal import Logging
internal import SystemPackage

/// Watches files that attackers change: says what was created, changed, given other owners or permissions, or deleted,
/// also while the agent was down. The kernel's hints (inotify) make it prompt; looking at all of them is the truth.
package actor IntegritySource: Source {
    package nonisolated let id = "integrity"
    private let watched: [String]
    private let baseline: IntegrityBaseline
    private let interval: Duration
    private let users: UserNames
    private let surroundings: Surroundings
    private nonisolated let thread = SourceThread(name: "cordon-integrity")
    private let logger = Logger(label: "cordon.collect.integrity")
    private var toldFault: String?

    /// Files that are looked at; those beyond are left out, and said so.
    package static let fileLimit = 10_000
    private static let depthLimit = 6

    /// What is watched if nothing else is said: accounts, sudo, SSH, scheduled jobs, services, the loader, PAM, and where
    /// web servers find what they serve. These are last: what is beyond the limit is theirs.
    package static let usual = [
        "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssh",
        "/root/.ssh", "/etc/crontab", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly",
        "/etc/cron.monthly", "/var/spool/cron", "/etc/systemd/system", "/etc/ld.so.preload", "/etc/ld.so.conf",
        "/etc/ld.so.conf.d", "/etc/pam.d", "/etc/security", "/etc/profile", "/etc/profile.d", "/etc/bash.bashrc",
        "/etc/rc.local", "/etc/hosts", "/etc/systemd/user", "/usr/local/lib/systemd", "/var/www", "/srv/www",
        "/usr/share/nginx/html",
    ]

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - watched: files and folders, the latter with all in them, six deep; they need not be there.
    ///   - baseline: where the state of the files is kept; the agent's alone.
    ///   - interval: how often all is looked at without a hint.
    package init(
        watched: [String], baseline: String, interval: Duration, users: UserNames, surroundings: Surroundings
    ) {
        self.watched = watched
        self.baseline = IntegrityBaseline(path: baseline)
        self.interval = interval
        self.users = users
        self.surroundings = surroundings
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        let wakeUp = try WakeUp()
        defer { wakeUp.close() }
        let hints = IntegrityHints()
        var known = baseline.load()
        toldFault = nil
        var gaps: [Gap] = []
        if known == nil, position != nil {
            gaps.append(gap("The state of the watched files was lost; it is taken anew."))
        }
        try await withTaskCancellationHandler {
            while !Task.isCancelled {
                for path in watched { hints.add(path) }
                let before = known ?? [:]
                let (now, folders, skipped) = look(before)
                for folder in folders { hints.add(folder) }
                let records = known == nil ? [] : changes(from: before, to: now)
                let fault = fault(now, skipped: skipped)
                if !records.isEmpty || !gaps.isEmpty || known == nil || fault != toldFault {
                    if fault != toldFault, let fault { logger.warning("\(fault)") }
                    try await deliver(
                        SourceBatch(records: records, gaps: gaps, position: ["watched": true], fault: fault))
                    (gaps, toldFault) = ([], fault)
                }
                if now != before || known == nil { try baseline.save(now) }
                known = now
                wakeUp.wait(on: hints.descriptor, milliseconds: Int32(clamping: interval.milliseconds))
                // What is being written is let settle.
                if !Task.isCancelled, hints.drain() { wakeUp.wait(on: -1, milliseconds: 100) }
            }
        } onCancel: {
            wakeUp.call()
        }
    }

    private func gap(_ message: String) -> Gap { Gap(source: id, noticedAt: surroundings.now(), message: message) }

    /// What is not looked at, or less closely than it should be.
    private func fault(_ files: [String: WatchedFile], skipped: Bool) -> String? {
        if skipped { return "More than \(Self.fileLimit) files are watched: the rest is not looked at." }
        let closed = files.filter { $0.value.isPlain && $0.value.hash == nil && $0.value.size <= WatchedFile.hashLimit }
        guard let first = closed.keys.min() else { return nil }
        let subject = closed.count == 1 ? first : "\(first) and \(closed.count - 1) others"
        return "\(subject) cannot be read: only size, times, owner and permissions are compared."
    }

    // MARK: - Looking

    private func look(
        _ earlier: [String: WatchedFile]
    ) -> (files: [String: WatchedFile], folders: [String], skipped: Bool) {
        var files: [String: WatchedFile] = [:]
        var folders: [String] = []
        var waiting = watched.reversed().map { (path: $0, depth: 0) }
        while let (path, depth) = waiting.popLast() {
            guard files.count < Self.fileLimit else { return (files, folders, true) }
            guard files[path] == nil, let file = WatchedFile.look(at: path, earlier: earlier[path]) else { continue }
            files[path] = file
            guard file.isFolder, depth < Self.depthLimit else { continue }
            folders.append(path)
            for name in FolderListing.names(FilePath(path)).sorted() where name != "." && name != ".." {
                waiting.append((path == "/" ? "/" + name : path + "/" + name, depth + 1))
            }
        }
        return (files, folders, false)
    }

    private func changes(from before: [String: WatchedFile], to now: [String: WatchedFile]) -> [Record] {
        Set(before.keys).union(now.keys).sorted().compactMap { path in
            switch (before[path], now[path]) {
            case (nil, let file?): record(path, file, nil, "created", "creation")
            case (let file?, nil): record(path, file, nil, "deleted", "deletion")
            case (let earlier?, let file?) where file.hasOtherContent(than: earlier):
                record(path, file, earlier, "updated", "change")
            case (let earlier?, let file?) where file.hasOtherAttributes(than: earlier):
                record(path, file, earlier, "attributes_modified", "change")
            default: nil
            }
        }
    }

    private func record(
        _ path: String, _ file: WatchedFile, _ earlier: WatchedFile?, _ action: String, _ type: String
    ) -> Record {
        var fields: EventFields = [
            .eventModule: .text("file_integrity"), .eventDataset: .text("file_integrity"),
            .eventCategory: .texts(["file"]), .eventType: .texts([type]), .eventAction: .text(action),
            .message: .text("\(path) \(action)"),
        ]
        fields.set(path: path)
        fields.set(.fileHashSHA256, file.hash)
        fields[.fileType] = .text(file.isPlain ? "file" : file.isFolder ? "dir" : "other")
        fields[.fileSize] = .number(file.size)
        fields[.fileMode] = .text(Self.permissions(file))
        fields[.fileUID] = .text(String(file.user))
        fields[.fileGID] = .text(String(file.group))
        fields.set(.fileOwner, users.user(Int64(file.user)))
        fields.set(.fileGroup, users.group(Int64(file.group)))
        fields[.fileInode] = .text(String(file.inode))
        fields[.fileModified] = .text("\(Timestamp(microseconds: file.modified / 1000))")
        fields[.fileChanged] = .text("\(Timestamp(microseconds: file.changed / 1000))")
        if let earlier {
            if let hash = earlier.hash { fields[named: "file_integrity.before.sha256"] = .text(hash) }
            fields[named: "file_integrity.before.mode"] = .text(Self.permissions(earlier))
            fields[named: "file_integrity.before.uid"] = .text(String(earlier.user))
            fields[named: "file_integrity.before.gid"] = .text(String(earlier.group))
        }
        let text: JSONValue = ["path": .text(path), "action": .text(action), "state": file.json]
        let time = action == "deleted" ? surroundings.now() : Timestamp(microseconds: file.changed / 1000)
        return Record(text: text.bytes(), envelope: .known(timestamp: time, program: nil, pid: nil), fields: fields)
    }

    private static func permissions(_ file: WatchedFile) -> String {
        let digits = String(file.mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
