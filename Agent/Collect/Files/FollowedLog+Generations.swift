internal import SystemPackage

/// Which files are the log: rotation gives them other names, copies, empties and compresses them, also several times
/// while nobody looks.
extension FollowedLog {
    /// Takes the files as they are now. A place that was read to goes on in the file that holds what was read; every
    /// other file that was the log since then is read from its beginning.
    /// - Parameters:
    ///   - sound: Open files that still hold what was read of them.
    ///   - places: Where reading stopped in files that are not open, or do not hold it any more.
    ///   - last: The newest place there was: files with an earlier time are known. `nil` when there was none yet.
    func reconcile(keeping sound: [Follower], finding places: [FilePosition], since last: FilePosition?) {
        let newest = newest(among: sound)
        // Taken before the others are looked for: what comes after it is seen the next time.
        let state = newest?.tail.state
        let files = RotatedFile.all(of: path)
        var taken = sound
        for place in places {
            if let follower = found(place, among: files, newest, besides: taken) {
                taken.append(follower)
            } else if !isRead(place, by: taken) {
                lost(place)
            }
        }
        let known = taken + (isTaken(newest, taken) ? [] : [newest].compactMap(\.self))
        let missed = last.map { self.missed(since: $0, among: files, besides: known) } ?? []
        if let newest, let state {
            if wasEmptied(newest, state), !isExplained(since: last, files, known) {
                tell("\(name) was emptied before it was read: its lines may be lost.")
            }
            if newest.tail.position.offset == 0 { newest.tail.seen(at: state.modified) }
            noteCopies(since: state, among: known, missed)
        }
        old = (known.filter { $0 !== newest } + missed).sorted { $0.tail.modified < $1.tail.modified }
        left = newest == nil ? current?.tail.position ?? left ?? last : nil
        current = newest
        hasMoved = true
    }

    /// The file that the path leads to; where it leads nowhere, the last one, for as long as that has another name.
    private func newest(among sound: [Follower]) -> Follower? {
        guard let number = FileTail.number(of: path) else {
            return sound.first { $0 === current && !$0.isRemoved }
        }
        return sound.first { $0.number == number } ?? opened(path)
    }

    private func isTaken(_ follower: Follower?, _ taken: [Follower]) -> Bool {
        taken.contains { $0 === follower }
    }

    /// Whether a file of which nothing was read was written to and is empty.
    private func wasEmptied(_ newest: Follower, _ state: FileTail.State) -> Bool {
        guard newest === current, let since = newest.tail.position.modified else { return false }
        return newest.tail.position.offset == 0 && state.modified > since && state.size == 0 && !newest.tail.isTouched
    }

    /// Whether there is a file that may hold what the log had before it was emptied. An empty copy of an empty log
    /// explains it too; a file that was being read before does not.
    private func isExplained(since last: FilePosition?, _ files: [RotatedFile], _ known: [Follower]) -> Bool {
        guard let last else { return false }
        return later(than: last, files).contains { file in
            copies.contains(file.number) || !known.contains { $0.number == file.number }
        }
    }

    /// Notes which files may be copies of what will be seen of the log only when it is emptied: the next look finds
    /// the log changed, and nothing new that explains it.
    private func noteCopies(since state: FileTail.State, among known: [Follower], _ missed: [Follower]) {
        let candidates = known.filter { copies.contains($0.number) } + missed
        // The same time may be a later one: the clock of a file system goes in steps.
        let later = candidates.filter { $0.tail.modified >= state.modified }
        copies = Set(later.map(\.number))
    }

    /// Whether a file of which nothing was read was copied, and the copy is being read.
    private func isRead(_ place: FilePosition, by taken: [Follower]) -> Bool {
        place.offset == 0 && taken.contains { $0.tail.holds(place) }
    }

    private func lost(_ place: FilePosition) {
        tell(
            "\(name) was replaced while nobody read it, and the old file was not found: lines behind offset "
                + "\(place.offset) may be lost.")
    }

    // MARK: - Going on

    /// The file in which reading goes on: the same one under any name, else one that holds what was read.
    private func found(
        _ place: FilePosition, among files: [RotatedFile], _ newest: Follower?, besides taken: [Follower]
    ) -> Follower? {
        let number = Follower.Number(place)
        let free = files.filter { file in !file.isUnreadable && !taken.contains { $0.number == file.number } }
        let newest = isTaken(newest, taken) ? nil : newest
        if let newest, newest.number == number, newest.tail.resume(place) { return newest }
        if let same = free.first(where: { $0.number == number }), let follower = resumed(same, place) {
            return follower
        }
        if let newest, newest.tail.resume(place) { return newest }
        // Expanding costs: what was read lately was compressed lately.
        let others = free.filter { $0.number != number && $0.modified >= place.modified ?? .min }
        let copies = others.filter { !CompressedFile.isOne($0.path) }.prefix(RotatedFile.limit)
        let compressed = others.filter { CompressedFile.isOne($0.path) && !expanded.contains($0.version) }.prefix(3)
        for file in copies + compressed {
            guard let follower = resumed(file, place) else { continue }
            follower.isCopy = true
            return follower
        }
        return nil
    }

    private func resumed(_ file: RotatedFile, _ place: FilePosition) -> Follower? {
        guard let follower = opened(file), follower.tail.resume(place) else { return nil }
        return follower
    }

    /// A file to which rotation may be giving other names just now.
    private func opened(_ file: RotatedFile) -> Follower? {
        var path = file.path
        for _ in 0..<50 {
            if FileTail.number(of: path) == file.number, let follower = opened(path), follower.number == file.number {
                return follower
            }
            guard let renamed = RotatedFile.all(of: self.path).first(where: { $0.number == file.number }) else {
                return nil
            }
            path = renamed.path
        }
        return nil
    }

    // MARK: - What was missed

    /// Files that were the log since the place, while nobody looked: rotated more than once. What of them cannot be read
    /// is told.
    private func missed(
        since last: FilePosition, among files: [RotatedFile], besides known: [Follower]
    ) -> [Follower] {
        expanded.formIntersection(files.map(\.version))
        let candidates = later(than: last, files).filter { file in
            !expanded.contains(file.version) && !known.contains { $0.number == file.number }
        }
        var missed: [Follower] = []
        for file in candidates {
            guard missed.count < RotatedFile.limit else {
                tell("\(name) was rotated more than \(RotatedFile.limit) times while nobody read it: lines are lost.")
                break
            }
            if CompressedFile.isOne(file.path) { expanded.insert(file.version) }
            if file.isUnreadable {
                // What was compressed after it was read has the time of what was read.
                guard !isKnown(file.modified, among: known) else { continue }
                tell("\(file.path.string) is compressed in a way that cannot be read: its lines are lost.")
            } else if let follower = opened(file) {
                if isNew(follower, beside: known + missed) { missed.append(follower) }
            } else {
                tell("\(file.path.string) could not be read while it was rotated: its lines may be lost.")
            }
        }
        lookForHole(among: files, taken: known + missed)
        return missed
    }

    /// Files that are newer than the place, the newest first. A place without a time was kept by an older agent.
    private func later(than last: FilePosition, _ files: [RotatedFile]) -> [RotatedFile] {
        let number = Follower.Number(last)
        guard let since = last.modified ?? files.first(where: { $0.number == number })?.modified else { return [] }
        return files.filter { $0.modified >= since }
    }

    private func isKnown(_ modified: Int64, among known: [Follower]) -> Bool {
        known.contains { $0.tail.modified == modified } || finished.contains { $0.modified == modified }
    }

    /// Whether there are lines in the file that are nowhere else; goes to the first of them. A copy that is being made
    /// has none; when it is made and the log is emptied, reading goes on in it.
    private func isNew(_ follower: Follower, beside known: [Follower]) -> Bool {
        guard follower.tail.size > 0 else { return false }
        for place in finished.reversed() where place.offset > 0 && follower.tail.resume(place) {
            return follower.tail.size > place.offset
        }
        return !known.contains { other in
            let place = other.tail.position
            return other.tail.startsAs(follower.tail) || place.offset > 0 && follower.tail.holds(place)
        }
    }

    /// Notes when a generation between those that are read is not there. In the midst of a rotation there is none for a
    /// moment.
    private func lookForHole(among files: [RotatedFile], taken: [Follower]) {
        let numbers = Set(taken.map(\.number))
        let oldest = files.filter { numbers.contains($0.number) }.compactMap(\.generation).max() ?? 0
        guard hole == nil, RotatedFile.hasHole(files, downFrom: oldest) else { return }
        hole = (oldest, .now)
    }

    /// Tells of a generation that stays away.
    func tellHole() {
        guard let (oldest, since) = hole, ContinuousClock.now - since > Self.rotationTime else { return }
        hole = nil
        guard RotatedFile.hasHole(RotatedFile.all(of: path), downFrom: oldest) else { return }
        tell("\(name) was rotated more than once while nobody read it, and a file of these is gone: lines may be lost.")
    }
}
