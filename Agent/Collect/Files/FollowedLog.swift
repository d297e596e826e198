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
    private var old: [Follower] = []
    private var current: Follower?
    /// Files that were read to their end and let go, and where that was.
    private var finished: [FilePosition] = []
    /// Where the log was when its path led nowhere any more.
    private var left: FilePosition?
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
            let files = RotatedFile.all(of: path).filter { !$0.isUnreadable }.prefix(RotatedFile.limit)
            old = files.reversed().compactMap { opened($0.path) }.filter { $0.number != current?.number }
        }
    }

    /// Goes on where an earlier reading stopped.
    func begin(from positions: [FilePosition], finished: [FilePosition] = []) {
        self.finished = finished
        guard let last = positions.last else { return }
        for earlier in positions.dropLast() {
            if let follower = found(earlier) { old.append(follower) } else { lost(earlier) }
        }
        current = opened(path)
        if current == nil { left = last }
        if current?.tail.resume(last) == true { return }
        if let follower = found(last) { old.append(follower) } else { lost(last) }
        takeUp(missed(since: last, except: nil), beside: last)
    }

    /// The file of an earlier reading under its new name, read on from where that stopped.
    private func found(_ earlier: FilePosition) -> Follower? {
        let files = RotatedFile.all(of: path).filter { !$0.isUnreadable }
        let number = Follower.Number(earlier)
        // The same file, then its copies; expanding costs: what was read lately was compressed lately.
        let same = files.filter { $0.number == number }
        let copies = files.filter { $0.number != number && !CompressedFile.isOne($0.path) }.prefix(RotatedFile.limit)
        let compressed = files.filter { $0.number != number && CompressedFile.isOne($0.path) }.prefix(3)
        for file in same + copies + compressed {
            guard let follower = opened(file), follower.tail.resume(earlier) else { continue }
            return follower
        }
        return nil
    }

    /// A file that rotation may be giving another name just now.
    private func opened(_ file: RotatedFile) -> Follower? {
        if let follower = opened(file.path), follower.number == file.number { return follower }
        guard let renamed = RotatedFile.all(of: path).first(where: { $0.number == file.number }),
            let follower = opened(renamed.path), follower.number == file.number
        else { return nil }
        return follower
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
        tell(message)
    }

    private func tell(_ message: String) {
        logger.warning("\(message)")
        gaps.append(Gap(source: source, noticedAt: surroundings.now(), message: message))
    }

    // MARK: - Reading

    /// Reads what there is, until the batch is full; `true` when there is more to do at once.
    func read(into batch: inout FileBatch) -> Bool {
        lookForMissed()
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
            if follower.quietSince == nil { lost(earlier) }
            old.removeAll { $0 === follower }
            return false
        } else {
            lost(earlier)
        }
        guard follower === current else { return true }
        current = opened(path)
        if current == nil { left = earlier }
        old += missed(since: earlier, except: nil)
        return true
    }

    /// Whether the path leads to another file now; then the old one is followed until it is quiet.
    private func rotated(_ follower: Follower) -> Bool {
        guard let now = FileTail.number(of: path), now != follower.number else {
            return follower.isRemoved && FileTail.number(of: path) == nil ? removed(follower) : false
        }
        guard let fresh = opened(path), fresh.number != follower.number else { return false }
        old.append(follower)
        takeUp(missed(since: follower.tail.position, except: fresh), beside: follower.tail.position)
        current = fresh
        return true
    }

    /// The file has no name any more: its end is awaited, and then it is let go, so that its disk space is.
    private func removed(_ follower: Follower) -> Bool {
        old.append(follower)
        left = follower.tail.position
        current = nil
        return true
    }

    /// Nothing was read of the current file yet, so that nothing in it tells whether it was filled, copied away and
    /// emptied since: its time does.
    private func lookForMissed() {
        if current == nil {
            current = opened(path)
            guard current != nil, let left else { return }
            self.left = nil
            old += missed(since: left, except: nil)
        }
        guard let current, current.tail.position.offset == 0, let since = current.tail.position.modified else { return }
        let now = current.tail.modified
        guard now > since else { return }
        let (isEmpty, isTouched) = (current.tail.size == 0, current.tail.isTouched)
        // A copy that is being made has no lines yet, and what it will have is in the current file still.
        let copies = missed(since: current.tail.position, except: nil).filter { $0.tail.size > 0 }
        current.tail.seen(at: now)
        old += copies
        if isEmpty, !isTouched, copies.isEmpty {
            tell("\(name) was emptied before it was read: its lines may be lost.")
        }
    }

    /// Puts files behind that of the given place; where nothing was read of it, it may have been copied away and emptied
    /// before it was renamed, and those copies come first.
    private func takeUp(_ missed: [Follower], beside earlier: FilePosition) {
        guard earlier.offset == 0, let place = old.last, place.number == Follower.Number(earlier) else {
            old += missed
            return
        }
        let copies = missed.prefix { $0.tail.modified < place.tail.modified }
        old.insert(contentsOf: copies, at: old.count - 1)
        old += missed.dropFirst(copies.count)
    }

    /// Files that were the log between the given place and the newest, while nobody looked, oldest first: rotated more
    /// than once. What of them cannot be read is told.
    private func missed(since earlier: FilePosition, except newest: Follower?) -> [Follower] {
        let known = old + [current, newest].compactMap(\.self)
        let since = earlier.modified ?? known.last { $0.number == Follower.Number(earlier) }?.tail.modified ?? .max
        let files = RotatedFile.all(of: path)
        var missed: [Follower] = []
        for file in files where file.modified >= since && !known.contains(where: { $0.number == file.number }) {
            guard missed.count < RotatedFile.limit else {
                tell("\(name) was rotated more than \(RotatedFile.limit) times while nobody read it: lines are lost.")
                break
            }
            if file.isUnreadable {
                // What was compressed after it was read has the time of what was read.
                guard !(known.contains { $0.tail.modified == file.modified }), !wasFinished(at: file.modified) else {
                    continue
                }
                tell("\(file.path.string) is compressed in a way that cannot be read: its lines are lost.")
            } else if let follower = opened(file) {
                if isNew(follower, beside: known + missed) { missed.append(follower) }
            } else {
                tell("\(file.path.string) could not be read while it was rotated: its lines may be lost.")
            }
        }
        tellHoles(among: files, taken: known + missed)
        return missed.reversed()
    }

    private func wasFinished(at modified: Int64) -> Bool { finished.contains { $0.modified == modified } }

    /// Whether there are lines in the file that are nowhere else; goes to the first of them.
    private func isNew(_ follower: Follower, beside known: [Follower]) -> Bool {
        for position in finished.reversed() where position.offset > 0 && follower.tail.resume(position) {
            return follower.tail.size > position.offset
        }
        return !known.contains { $0.tail.startsAs(follower.tail) }
    }

    /// Tells when a generation between those that are read is not there.
    private func tellHoles(among files: [RotatedFile], taken: [Follower]) {
        let numbers = Set(taken.map(\.number))
        let oldest = files.filter { numbers.contains($0.number) }.compactMap(\.generation).max() ?? 0
        guard RotatedFile.hasHole(files, downFrom: oldest) else { return }
        // In the midst of a rotation there is one for a moment.
        usleep(200_000)
        guard RotatedFile.hasHole(RotatedFile.all(of: path), downFrom: oldest) else { return }
        tell("\(name) was rotated more than once while nobody read it, and a file of these is gone: lines may be lost.")
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
        finished = (finished + done.map { $0.tail.position }).suffix(32)
        hasMoved = true
    }
}
