internal import CordonModel
internal import Glibc
internal import Synchronization

/// The hold on a data folder: one controller at a time, by `flock` on a file that stays. The kernel lets go when the
/// process ends, however it ends.
final class FolderLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// - Throws: ``StoreError`` when the folder cannot be written or another process holds it.
    init(folder: String) throws {
        let path = folder + "/cordon.lock"
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw StoreError(folder: folder, errno: errno) }
        Opening.adopt(opened, in: folder)
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(opened)
            close(opened)
            throw StoreError.held(folder: folder, by: holder)
        }
        Self.sign(opened)
        descriptor = Mutex(opened)
    }

    deinit { release() }

    /// Lets go; once is enough.
    ///
    /// Unlocked by name, for closing alone is not enough: a program that is just being started holds a copy of every
    /// descriptor until it executes, and with it the lock.
    func release() {
        descriptor.withLock { held in
            guard let open = held else { return }
            _ = flock(open, LOCK_UN)
            close(open)
            held = nil
        }
    }

    /// The process number that the holder wrote; a hint for people.
    private static func holder(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }

    /// Writes this process's number. A full disk leaves the file empty, which only costs the hint.
    private static func sign(_ descriptor: Int32) {
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = unsafe pwrite(descriptor, text, text.count, 0)
    }
}
