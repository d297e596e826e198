internal import Glibc

/// The kernel's hints that a file or its folder changed. Hints only: what happens is found by looking.
struct FileWatch: ~Copyable {
    /// Becomes readable with news; below 0 where the kernel has no inotify instance left.
    let descriptor: Int32

    init() { descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    /// Watches the path as it is now; watching what is watched already does no harm.
    func add(_ path: String, folder: Bool) {
        let mask = folder ? UInt32(IN_CREATE | IN_MOVED_TO) : UInt32(IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF)
        _ = unsafe inotify_add_watch(descriptor, path, mask)
    }

    /// Takes what has come; its content does not matter.
    func drain() {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
    }
}
