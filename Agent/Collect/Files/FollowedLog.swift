internal import CordonModel
internal import Glibc
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
    var old: [Follower] = []
    /// The file that the path leads to, or led to last.
    var current: Follower?
    /// Files that were read to their end and let go, and where that was.
    var finished: [FilePosition] = []
    /// Where the log was when its path led nowhere any more.
    var left: FilePosition?
    /// Compressed files of which it is known what is in them: expanding them again would cost, and give nothing.
    var expanded: Set<RotatedFile.Version> = []
    /// Files that were found, and that are newer than what was seen of the log: they may hold what it had meanwhile.
    var copies: Set<Follower.Number> = []
    /// The oldest generation that is read, and since when one that is newer is not there.
    var hole: (oldest: Int, since: ContinuousClock.Instant)?
    /// A file is no longer what was read of it.
    private var isStale = false
    /// Why the file that the path leads to cannot be opened; `nil` when it can, or there is none.
    private(set) var fault: String?
    /// Losses that were not told yet.
    var gaps: [Gap] = []
    /// Whether `positions` are others than they were.
    var hasMoved = true

    /// How long a writer may go on with a file that was renamed.
    private static let quietTime = Duration.seconds(5)
    /// How long a rotation may take to rename its files.
    static let rotationTime = Duration.seconds(2)

    init(_ path: String, source: String, surroundings: Surroundings) {
        self.path = FilePath(path)
        name = path
        self.source = source
        self.surroundings = surroundings
    }

    /// How far the files were read, the oldest first. Empty where none was seen yet.
    var positions: [FilePosition] { (old + [current].compactMap(\.self)).map { $0.tail.position } }

    /// Files that were let go, but are not surely older than what is read now.
    var finishedLately: [FilePosition] {
        let since = (current?.tail.position ?? left)?.modified ?? .min
        return finished.filter { $0.modified ?? .max >= since }.suffix(8)
    }

    /// Whether there is no file any more, and nothing to be read.
    var isGone: Bool { current == nil && old.isEmpty }

    // MARK: - Beginning

    /// Begins without an earlier position.
    func begin(_ start: StartPosition, includingRotated: Bool) {
        current = opened(path)
        if start == .end {
            current?.tail.seekToEnd()
        } else if includingRotated {
            let found = RotatedFile.all(of: path)
            let all = found.filter { !$0.isUnreadable }
            if let closed = found.first(where: \.isUnreadable) {
                tell(
                    """
                    \(name) has \(found.count - all.count) files of earlier rotations that are compressed in another way \
                    than by gzip, \(closed.path.string) the newest: they are not read.
                    """)
            }
            if all.count > RotatedFile.limit {
                tell("\(name) has \(all.count) files of earlier rotations: the newest \(RotatedFile.limit) are read.")
            }
            let files = all.prefix(RotatedFile.limit)
            old = files.reversed().compactMap { opened($0.path) }.filter { $0.number != current?.number }
        }
    }

    /// Goes on where an earlier reading stopped.
    func begin(from positions: [FilePosition], finished: [FilePosition] = []) {
        self.finished = finished
        guard let last = positions.last ?? finished.last else { return }
        reconcile(keeping: [], finding: positions, since: last)
    }

    func opened(_ path: FilePath) -> Follower? {
        do throws(CollectError) {
            let tail = try FileTail.open(path)
            fault = nil
            guard let tail else { return nil }
            hasMoved = true
            let follower = Follower(tail: tail)
            // What was compressed is complete.
            follower.isCopy = CompressedFile.isOne(path)
            return follower
        } catch {
            if fault != error.description { logger.error("\(error)") }
            fault = error.description
            return nil
        }
    }

    func tell(_ message: String) {
        logger.warning("\(message)")
        gaps.append(Gap(source: source, noticedAt: surroundings.now(), message: message))
    }

    // MARK: - Reading

    /// Reads what there is, until the batch is full; `true` when there is more to do at once.
    func read(into batch: inout FileBatch) -> Bool {
        if isStale || isRotated { reconcile() }
        tellHole()
        for follower in old {
            while step(follower, &batch) { if batch.isFull { return true } }
        }
        retire(&batch)
        if let current, readOn(in: current, &batch) { return true }
        return isStale || current != nil && isRotated
    }

    /// Reads on in the file that the path leads to; `true` when there is more to do at once.
    private func readOn(in current: Follower, _ batch: inout FileBatch) -> Bool {
        let start = current.tail.position
        while step(current, &batch) {
            // It may have been filled, copied away, emptied and filled again since it was looked at, up to this very
            // read: no bytes before the place would tell. The copy is looked for before the place is kept.
            if start.offset == 0 {
                reconcile(since: start)
                return true
            }
            if batch.isFull { return true }
        }
        return false
    }

    /// Reads on in one file; `false` at its end.
    private func step(_ follower: Follower, _ batch: inout FileBatch) -> Bool {
        let before = follower.tail.position.offset
        let step = follower.tail.next(limit: SourceBatch.recordLimit)
        batch.passed(follower.tail.position.offset - before)
        switch step {
        case .lines(let lines):
            follower.quietSince = nil
            hasMoved = true
            for line in lines { batch.take(line, of: name) }
            return true
        case .end:
            return false
        case .replaced:
            isStale = true
            return false
        }
    }

    /// Whether the path leads to another file now, the file lost its last name, or one of which nothing was read was
    /// written to: it may have been filled, copied away and emptied, and nothing but its time tells.
    private var isRotated: Bool {
        guard let number = FileTail.number(of: path) else { return current?.isRemoved ?? false }
        guard let current, current.number == number else { return true }
        let position = current.tail.position
        return position.offset == 0 && position.modified.map { current.tail.modified > $0 } ?? false
    }

    /// Takes the files as they are now.
    /// - Parameter place: The newest place that was looked behind; where it is absent, that which was read to.
    private func reconcile(since place: FilePosition? = nil) {
        let followers = old + [current].compactMap(\.self)
        let since = place ?? current?.tail.position ?? left ?? finished.last
        isStale = false
        let sound = followers.filter { $0.tail.holds($0.tail.position) }
        // An old file that was changed when all of it was read is nobody's log.
        let changed = followers.filter { follower in
            !sound.contains { $0 === follower } && (follower === current || follower.quietSince == nil)
        }
        reconcile(keeping: sound, finding: changed.map { $0.tail.position }, since: since)
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
        for follower in done {
            if let line = follower.tail.rest(), !follower.isUnfinishedCopy { batch.take(line, of: name) }
        }
        old.removeAll { follower in done.contains { $0 === follower } }
        finished = (finished + done.map(\.end)).suffix(32)
        hasMoved = true
    }
}
