internal import Glibc
internal import Synchronization

/// Programs that start though what they hold is blocked. An order by hash cannot be judged by what will hold that one day: an
/// upgrade would put the blocked content in the place of a program that the host stands on, or that its policy protects.
final class SparedPrograms: Sendable {
    private struct Key: Hashable {
        var file: FileKey
        var changed: Int64
    }

    private struct State {
        var protected: [String] = []
        var known: [Key: Bool] = [:]
    }

    private let state = Mutex(State())
    private static let mostKnown = 1024

    /// Whether the host stands on it, its policy protects it, or a package put it there; `nil` where that cannot be found
    /// out.
    func holds(_ file: Int32, _ status: FileStatus) -> Bool? {
        let key = Key(
            file: FileKey(status), changed: status.changed.seconds &* 1_000_000_000 &+ status.changed.nanoseconds)
        let (known, protected) = state.withLock { ($0.known[key], $0.protected) }
        if let known { return known }
        guard let (answer, isLasting) = Self.look(file, status, protected) else { return nil }
        guard isLasting else { return answer }
        state.withLock { state in
            guard state.protected == protected else { return }
            if state.known.count >= Self.mostKnown { state.known.removeAll() }
            state.known[key] = answer
        }
        return answer
    }

    /// Takes the policy's patterns in the place of those from before.
    func protect(_ patterns: [String]) {
        state.withLock { state in
            guard state.protected != patterns else { return }
            state = State(protected: patterns)
        }
    }

    /// Forgets all: files may have become a package's.
    func forget() { state.withLock { $0.known = [:] } }

    /// The answer, and whether it holds for the file by whatever path it is opened the next time.
    private static func look(
        _ file: Int32, _ status: FileStatus, _ protected: [String]
    ) -> (isSpared: Bool, isLasting: Bool)? {
        let path = TextFile.link("/proc/self/fd/\(file)") ?? ""
        do { try ProtectedPrograms().check(status, at: path) } catch { return (true, true) }
        // What is called so in a mount namespace of somebody's own is not what was put there.
        guard let place = try? FilePlace(path), let there = try? FileStatus(of: place.name, in: place.folder),
            there.isSame(as: status)
        else { return (false, false) }
        if PolicyPrograms.pattern(of: path, in: protected) != nil, isRoots(status),
            FileStatus(descriptor: place.folder.number).map(isRoots) == true
        {
            return (true, true)
        }
        do {
            let isPackaged = try PackageFiles().owners(of: path)?.isEmpty == false
            return (isPackaged, isPackaged || status.links == 1)
        } catch { return nil }
    }

    /// Whether nobody but root can have put it there: anybody else could give what is blocked a protected name.
    static func isRoots(_ status: FileStatus) -> Bool { status.user == 0 && status.mode & 0o022 == 0 }
}
