internal import Glibc
internal import Synchronization

/// Programs that start though what they hold is blocked. An order by hash cannot be judged by what will hold that one day: an
/// upgrade would put the blocked content in the place of a program that the host stands on.
final class SparedPrograms: Sendable {
    private struct Key: Hashable {
        var file: FileKey
        var changed: Int64
    }

    private let known = Mutex<[Key: Bool]>([:])
    private static let mostKnown = 1024

    /// Whether the host stands on it, or a package put it there; `nil` where that cannot be found out.
    func holds(_ file: Int32, _ status: FileStatus) -> Bool? {
        let key = Key(
            file: FileKey(status), changed: status.changed.seconds &* 1_000_000_000 &+ status.changed.nanoseconds)
        if let answer = known.withLock({ $0[key] }) { return answer }
        guard let answer = Self.look(file, status) else { return nil }
        known.withLock { known in
            if known.count >= Self.mostKnown { known.removeAll() }
            known[key] = answer
        }
        return answer
    }

    /// Forgets all: files may have become a package's.
    func forget() { known.withLock { $0 = [:] } }

    private static func look(_ file: Int32, _ status: FileStatus) -> Bool? {
        let path = TextFile.link("/proc/self/fd/\(file)") ?? ""
        do { try ProtectedPrograms().check(status, at: path) } catch { return true }
        // What is called so in a mount namespace of somebody's own is not what the package put there.
        guard let place = try? FilePlace(path), let there = try? FileStatus(of: place.name, in: place.folder),
            there.isSame(as: status)
        else { return false }
        do { return try PackageFiles().owners(of: path)?.isEmpty == false } catch { return nil }
    }
}
