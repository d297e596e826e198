internal import CordonTrust
internal import Glibc
internal import Synchronization

/// SHA-256 of programs that are about to start, remembered while the file is as it was.
final class ContentDigests: Sendable {
    /// Larger ones are not read: everybody who starts one would wait for it.
    static let largest: Int64 = 256 << 20
    /// One that is not read by then is let pass: less than ``WaitingStarts/patience``, at which its judge is given up.
    static let patience = Duration.seconds(8)
    private static let mostKept = 8192
    private static let chunk = 1 << 18
    /// A file that was changed so lately may be changed again without its times telling, for a file system's clock goes in
    /// steps: it is read again the next time.
    private static let settled: Int64 = 1

    private struct Key: Hashable {
        var file: FileKey
        var numbers: [Int64]

        init(_ status: FileStatus) {
            let (modified, changed) = (status.identity.modified, status.changed)
            file = FileKey(status)
            numbers = [
                status.identity.size, modified.seconds, modified.nanoseconds, changed.seconds, changed.nanoseconds,
            ]
        }
    }

    private let kept = Mutex<[Key: [UInt8]]>([:])

    /// Of an open file; `nil` for one that is too large or too slow, or that cannot be read.
    /// - Parameter now: By the wall clock, in seconds: what file systems tell times by.
    func digest(of file: Int32, _ status: FileStatus, now: Int64) -> [UInt8]? {
        guard status.identity.size <= Self.largest else { return nil }
        let key = Key(status)
        if let known = kept.withLock({ $0[key] }) { return known }
        guard let value = Self.read(file) else { return nil }
        guard let after = FileStatus(descriptor: file), Key(after) == key, now - status.changed.seconds > Self.settled
        else { return value }
        kept.withLock { kept in
            if kept.count >= Self.mostKept { kept.removeAll(keepingCapacity: true) }
            kept[key] = value
        }
        return value
    }

    /// Forgets all.
    func forget() { kept.withLock { $0 = [:] } }

    private static func read(_ file: Int32) -> [UInt8]? {
        let begun = ContinuousClock.now
        var sum = StreamDigest()
        var buffer = [UInt8](repeating: 0, count: chunk)
        var offset: Int64 = 0
        while offset <= largest, ContinuousClock.now - begun < patience {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(file, $0.baseAddress, $0.count, Int(offset))
            }
            if count == 0 { return sum.value }
            guard count > 0 || errno == EINTR else { return nil }
            guard count > 0 else { continue }
            sum.update(buffer[..<count])
            offset += Int64(count)
        }
        return nil
    }
}
