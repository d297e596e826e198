internal import CordonModel
internal import Logging
internal import SystemPackage

/// One log, followed through rotation by renaming and by copying and truncating: the file that the path leads to, and
/// those that it led to before. Blocks; belongs to one thread.
final class FollowedLog {
    let path: FilePath
    /// The same as text.
    let name: String
    private let source: String
    private let surroundings: Surroundings
    private let logger = Logger(label: "cordon.collect.file")

    /// Files that were the log before: read to their end, oldest first.
    private var old: [Follower] = []
    private var current: Follower?
    /// Files that were read to their end and let go.
    private var finished: [Follower.Number] = []
    private var complained = ""
    /// Losses that were not told yet.
    var gaps: [Gap] = []
    /// Whether `positions` are others than they were.
    var hasMoved = true

    /// How long a writer may go on with a file that was renamed.
    private static let quietTime = Duration.seconds(5)

    init(_ path: String, source: String, surroundings: Surroundings) {
        self.path = FilePath(path)
        name = path
        self.source = source
        self.surroundings = surroundings
    }

    /// How far the files were read, the oldest first. Empty where none was seen yet.
    var positions: [FilePosition] { (old + [current].compactMap(\.self)).map { $0.tail.position } }

    /// Whether there is no file any more, and nothing to be read.
    var isGone: Bool { current == nil && old.isEmpty }

    // MARK: - Beginning

    /// Begins without an earlier position.
    func begin(_ start: StartPosition, includingRotated: Bool) {
        current = opened(path)
        if start == .end {
            current?.tail.seekToEnd()
        } else if includingRotated {
            old = (siblings + compressed).compactMap { opened($0) }.filter { $0.number != current?.number }
                .sorted { $0.tail.modified < $1.tail.modified }
        }
    }

    /// Goes on where an earlier reading stopped.
    func begin(from positions: [FilePosition]) {
        guard let last = positions.last else { return }
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
        // Expanding costs: what was read lately was compressed lately.
        let lately = compressed.sorted { FileTail.modified($0) > FileTail.modified($1) }.prefix(3)
        for sibling in siblings + lately {
            guard let follower = opened(sibling), follower.tail.resume(earlier) else { continue }
            return follower
        }
        return nil
    }

    /// Names in the same folder that start with the log's: `auth.log.1`, `auth.log-20261121`.
    private var siblings: [FilePath] { named { !CompressedFile.isKnown($0) } }

    /// The same, compressed in a way that can be read.
    private var compressed: [FilePath] { named { CompressedFile.isOne($0) } }

    private func named(_ isMeant: (FilePath) -> Bool) -> [FilePath] {
        guard let name = path.lastComponent?.string else { return [] }
        let folder = path.removingLastComponent()
        let names = FolderListing.names(folder.isEmpty ? "." : folder).filter { found in
            guard found.hasPrefix(name), found != name else { return false }
            // `auth.log` is not followed by `auth.login`, which is another log.
            return [".", "-", "_", "~"].contains(found.dropFirst(name.count).prefix(1))
        }
        return names.sorted().map { folder.appending($0) }.filter(isMeant).prefix(100).map(\.self)
    }

    private func opened(_ path: FilePath) -> Follower? {
        do throws(CollectError) {
            guard let tail = try FileTail.open(path) else { return nil }
            complained = ""
            hasMoved = true
            let follower = Follower(tail: tail)
            // What was compressed is complete.
            follower.isCopy = CompressedFile.isOne(path)
            return follower
        } catch {
            if complained != error.message { logger.error("\(error)") }
            complained = error.message
            return nil
        }
    }

    private func lost(_ earlier: FilePosition) {
        let message =
            "\(name) was replaced while nobody read it, and the old file was not found: lines behind offset "
            + "\(earlier.offset) may be lost."
        logger.warning("\(message)")
        gaps.append(Gap(source: source, noticedAt: surroundings.now(), message: message))
    }

    // MARK: - Reading

    /// Reads what there is, until the batch is full; `true` when there is more to do at once.
    func read(into batch: inout FileBatch) -> Bool {
        if current == nil { current = opened(path) }
        for follower in old {
            while step(follower, &batch) { if batch.isFull { return true } }
        }
        retire(&batch)
        guard let follower = current else { return false }
        while step(follower, &batch) {
            // A file that was replaced is another one now.
            if batch.isFull || follower !== current { return true }
        }
        return rotated(follower)
    }

    /// Reads on in one file; `false` at its end.
    private func step(_ follower: Follower, _ batch: inout FileBatch) -> Bool {
        switch follower.tail.next(limit: SourceBatch.recordLimit) {
        case .lines(let lines):
            follower.quietSince = nil
            hasMoved = true
            for line in lines { batch.take(line, of: name) }
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
        hasMoved = true
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
        guard let now = FileTail.number(of: path), now != follower.number else {
            return follower.isRemoved && FileTail.number(of: path) == nil ? removed(follower) : false
        }
        guard let fresh = opened(path), fresh.number != follower.number else { return false }
        old.append(follower)
        old += missed(after: follower, except: fresh)
        current = fresh
        return true
    }

    /// The file has no name any more: its end is awaited, and then it is let go, so that its disk space is.
    private func removed(_ follower: Follower) -> Bool {
        old.append(follower)
        current = nil
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
    private func retire(_ batch: inout FileBatch) {
        guard !old.isEmpty else { return }
        let now = ContinuousClock.now
        var done: [Follower] = []
        for follower in old {
            let quietSince = follower.quietSince ?? now
            follower.quietSince = quietSince
            if follower.isCopy || now - quietSince >= Self.quietTime { done.append(follower) }
        }
        guard !done.isEmpty else { return }
        // Nobody will end the last line any more.
        for follower in done where !follower.isUnfinishedCopy {
            if let line = follower.tail.rest() { batch.take(line, of: name) }
        }
        old.removeAll { follower in done.contains { $0 === follower } }
        finished = (finished + done.map(\.number)).suffix(32)
        hasMoved = true
    }
}

/// A file being followed.
final class Follower {
    var tail: FileTail
    /// Since when an old file has had no more lines.
    var quietSince: ContinuousClock.Instant?
    /// A copy made before truncation, or compressed: nobody writes to it.
    var isCopy = false

    init(tail: consuming FileTail) { self.tail = tail }

    /// The kernel's number for a file.
    struct Number: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    var number: Number { Number(device: tail.position.identity.device, inode: tail.position.identity.inode) }

    /// A copy's last line goes on in the file that was truncated.
    var isUnfinishedCopy: Bool { isCopy && !tail.isCompressed }

    /// Whether no name leads to the file any more.
    var isRemoved: Bool { tail.links == 0 }
}
