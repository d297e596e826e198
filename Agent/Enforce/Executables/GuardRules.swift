internal import CLinux
internal import CordonModel
internal import CordonOrders

/// By what a start is judged: what the list says, with what was found of it on this host.
struct GuardRules: Sendable {
    /// A path.
    struct Place: Sendable {
        var path: String
        /// Files that were there when it was ordered, where they are still to be found, and their handles.
        var files: [FileKey: [UInt8]]
        /// Devices of its folder and of what is there: the path is walked for no file of another, whose disk may not answer.
        var devices: Set<UInt64> = []
        var term: Term
    }

    /// What is said of a start.
    enum Judgement: Equatable {
        case allowed
        case denied(ExecutableBlock.Subject)
        /// Allowed, because what it holds could not be looked at.
        case unread
    }

    var places: [Place] = []
    /// Contents, by their SHA-256.
    var contents: [[UInt8]: Term] = [:]

    /// Whether a path says that it does not start. Waits for no disk.
    func deniesKnown(_ file: Int32, _ clock: BootClock) -> Bool {
        guard let status = FileStatus(descriptor: file) else { return false }
        return places.contains { clock.remaining(of: $0.term) > .zero && $0.knows(file, FileKey(status)) }
    }

    /// Judges the start of what the descriptor is open on.
    func judge(
        _ file: Int32, _ digests: ContentDigests, _ spared: SparedPrograms, _ clock: BootClock
    ) -> Judgement {
        guard let status = FileStatus(descriptor: file) else { return .unread }
        let key = FileKey(status)
        for place in places where clock.remaining(of: place.term) > .zero {
            guard place.knows(file, key) || place.holds(file, key, status) else { continue }
            guard let isSpared = spared.holds(file, status) else { return .unread }
            return isSpared ? .allowed : .denied(.path(place.path))
        }
        guard contents.values.contains(where: { clock.remaining(of: $0) > .zero }) else { return .allowed }
        let now = clock.now().microseconds / 1_000_000
        guard let digest = digests.digest(of: file, status, now: now) else { return .unread }
        guard let term = contents[digest], clock.remaining(of: term) > .zero else { return .allowed }
        guard let isSpared = spared.holds(file, status) else { return .unread }
        return isSpared ? .allowed : .denied(.digest(HexDigit.text(digest)))
    }
}

extension GuardRules.Place {
    /// Whether it was there when it was ordered, by whatever name. A number alone may be another file's by now.
    fileprivate func knows(_ file: Int32, _ key: FileKey) -> Bool {
        files[key].map { FileHandle.of(file) == $0 } ?? false
    }

    /// Whether it is what is there now.
    fileprivate func holds(_ file: Int32, _ key: FileKey, _ status: FileStatus) -> Bool {
        guard devices.contains(key.device) else { return false }
        // Through no link, or whoever may put one into the path could name any program.
        guard let place = try? FilePlace(path), let there = try? FileStatus(of: place.name, in: place.folder),
            FileKey(there) == key
        else { return false }
        // Whoever writes to the folder could put another name of a program there that all need: of what has several, only
        // this one is blocked.
        return status.links == 1 || TextFile.link("/proc/self/fd/\(file)") == path
    }
}
