package import CordonModel
package import CordonScan
internal import Logging
internal import SystemPackage

/// Follows one log file through rotation by renaming and by copying and truncating, line by line.
package actor FileSource: Source {
    package nonisolated let id: String
    private let path: FilePath
    private let start: StartPosition
    private let surroundings: Surroundings
    private nonisolated let thread: SourceThread
    private let logger = Logger(label: "cordon.collect.file")

    /// Files that were the log before: read to their end, oldest first.
    private var old: [Follower] = []
    private var current: Follower?
    /// Files that were read to their end and let go.
    private var finished: [Follower.Number] = []
    private var gaps: [Gap] = []
    private var complained = ""

    /// Lines of one batch.
    package static let batchLimit = 512
    /// How long the truth may be behind: the file is looked at that often without any hint.
    private static let pollMilliseconds: Int32 = 1000
    /// How long a writer may go on with a file that was renamed.
    private static let quietTime = Duration.seconds(5)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Follows the file at the path, which need not be there yet.
    package init(path: String, start: StartPosition, surroundings: Surroundings) {
        id = "file:\(path)"
        self.path = FilePath(path)
        self.start = start
        self.surroundings = surroundings
        thread = SourceThread(name: "cordon-file")
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        let wakeUp = try WakeUp()
        defer { wakeUp.close() }
        let watch = FileWatch()
        watch.add(path.removingLastComponent().string, folder: true)
        begin(from: position)
        try await withTaskCancellationHandler {
            while !Task.isCancelled {
                let isBusy = try await pass(deliver)
                if isBusy { continue }
                watch.add(path.string, folder: false)
                wakeUp.wait(on: watch.descriptor, milliseconds: Self.pollMilliseconds)
                watch.drain()
            }
        } onCancel: {
            wakeUp.call()
        }
        (old, current) = ([], nil)
    }

    // MARK: - Beginning

    private func begin(from position: JSONValue?) {
        (old, current, gaps) = ([], nil, [])
        let positions = position?["files"]?.array?.compactMap { FilePosition($0) } ?? []
        guard let last = positions.last else {
            current = opened(path)
            if start == .end { current?.tail.seekToEnd() }
            return
        }
        for earlier in positions.dropLast() {
            if let follower = found(earlier) { old.append(follower) } else { lost(earlier) }
        }
        current = opened(path)
        if current?.tail.resume(last) == true { return }
        guard let follower = found(last) else {
            lost(last)
            return
        }
        old.append(follower)
        old += missed(after: follower, except: nil)
    }

    /// The file of an earlier reading under its new name, read on from where that stopped.
    private func found(_ earlier: FilePosition) -> Follower? {
        for sibling in siblings {
            guard let follower = opened(sibling), follower.tail.resume(earlier) else { continue }
            return follower
        }
        return nil
    }

    /// Names in the same folder that start with the file's: `auth.log.1`, `auth.log-20261121`. Compressed ones are not
    /// read.
    private var siblings: [FilePath] {
        guard let name = path.lastComponent?.string else { return [] }
        let folder = path.removingLastComponent()
        let names = FolderListing.names(folder.isEmpty ? "." : folder).filter { found in
            found.hasPrefix(name) && found != name && ![".gz", ".xz", ".bz2", ".zst"].contains { found.hasSuffix($0) }
        }
        return names.sorted().prefix(100).map { folder.appending($0) }
    }

    private func opened(_ path: FilePath) -> Follower? {
        do throws(CollectError) {
            guard let tail = try FileTail.open(path) else { return nil }
            complained = ""
            return Follower(tail: tail)
        } catch {
            if complained != error.message { logger.error("\(error)") }
            complained = error.message
            return nil
        }
    }

    private func lost(_ earlier: FilePosition) {
        let message =
            "\(path.string) was replaced while nobody read it, and the old file was not found: lines behind offset "
            + "\(earlier.offset) may be lost."
        logger.warning("\(message)")
        gaps.append(Gap(source: id, noticedAt: surroundings.now(), message: message))
    }

    // MARK: - Reading

    /// Looks once at all files; `true` when there is more to do at once.
    private func pass(_ deliver: @Sendable (SourceBatch) async throws -> Void) async throws -> Bool {
        if !gaps.isEmpty { try await hand(on: [], deliver) }
        if current == nil { current = opened(path) }
        for follower in old {
            while try await read(follower, deliver) { if Task.isCancelled { return true } }
        }
        try await retire(deliver)
        guard let follower = current else { return false }
        if try await read(follower, deliver) { return true }
        guard !Task.isCancelled else { return false }
        return rotated(follower)
    }

    /// Reads one batch; `false` at the end.
    private func read(
        _ follower: Follower, _ deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws -> Bool {
        switch follower.tail.next(limit: Self.batchLimit) {
        case .lines(let lines):
            follower.quietSince = nil
            try await hand(on: lines.map(record), deliver)
            return true
        case .end:
            return false
        case .replaced:
            return truncated(follower)
        }
    }

    /// The file is shorter than it was, or has other bytes where we stopped: what we had not read is in the copy, if
    /// there is one.
    private func truncated(_ follower: Follower) -> Bool {
        let earlier = follower.tail.position
        if let copy = found(earlier) {
            copy.isCopy = true
            old.append(copy)
        } else if follower !== current {
            // A file that was rotated away and then changed is nobody's log.
            old.removeAll { $0 === follower }
            return false
        } else if earlier.identity.head.length > 0 {
            lost(earlier)
        }
        if follower === current { current = opened(path) }
        return true
    }

    /// Whether the path leads to another file now; then the old one is followed until it is quiet.
    private func rotated(_ follower: Follower) -> Bool {
        guard let fresh = opened(path) else { return false }
        let (now, before) = (fresh.tail.position.identity, follower.tail.position.identity)
        guard now.device != before.device || now.inode != before.inode else { return false }
        old.append(follower)
        old += missed(after: follower, except: fresh)
        current = fresh
        return true
    }

    /// Files that were the log between the given one and the newest, while nobody looked: rotated more than once.
    private func missed(after follower: Follower, except newest: Follower?) -> [Follower] {
        let known = (old + [current, newest].compactMap(\.self)).map(\.number) + finished
        let since = follower.tail.modified
        return siblings.compactMap { opened($0) }
            .filter { $0.tail.modified >= since && !known.contains($0.number) }
            .sorted { $0.tail.modified < $1.tail.modified }
    }

    /// Lets old files go that nobody writes to any more.
    private func retire(_ deliver: @Sendable (SourceBatch) async throws -> Void) async throws {
        let now = ContinuousClock.now
        var done: [Follower] = []
        for follower in old {
            let quietSince = follower.quietSince ?? now
            follower.quietSince = quietSince
            if follower.isCopy || now - quietSince >= Self.quietTime { done.append(follower) }
        }
        guard !done.isEmpty else { return }
        // Nobody will end the last line any more.
        let lines = done.compactMap { $0.isCopy ? nil : $0.tail.rest() }
        old.removeAll { follower in done.contains { $0 === follower } }
        finished = (finished + done.map(\.number)).suffix(32)
        try await hand(on: lines.map(record), deliver)
    }

    private func record(_ line: FileTail.Line) -> Record {
        var record = Record(text: line.text)
        record.fields[.logFilePath] = .text(path.string)
        record.fields[.logFileOffset] = .number(line.offset)
        if line.isCut { record.fields[.tags] = .texts(["line_cut"]) }
        return record
    }

    private func hand(
        on records: [Record], _ deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        let files = (old + [current].compactMap(\.self)).map { $0.tail.position.json }
        let batch = SourceBatch(records: records, gaps: gaps, position: ["files": .array(files)])
        try await deliver(batch)
        gaps = []
    }
}

/// A file being followed.
private final class Follower {
    var tail: FileTail
    /// Since when an old file has had no more lines.
    var quietSince: ContinuousClock.Instant?
    /// A copy made before truncation: complete, nobody writes to it.
    var isCopy = false

    init(tail: consuming FileTail) { self.tail = tail }

    /// The kernel's number for the file.
    struct Number: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    var number: Number { Number(device: tail.position.identity.device, inode: tail.position.identity.inode) }
}
