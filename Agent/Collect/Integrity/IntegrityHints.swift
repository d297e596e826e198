internal import Glibc

/// The kernel's hints that something in watched folders changed. Where it has no watch left, looking finds it later.
struct IntegrityHints: ~Copyable {
    /// Becomes readable with news; below 0 where the kernel has no inotify instance left.
    let descriptor: Int32

    init() { descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    /// Watches a folder or a file; watching what is watched already does no harm. A file is replaced rather than
    /// written by most tools, so that the folder around it is watched too.
    func add(_ path: String) {
        let mask = UInt32(
            IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DONT_FOLLOW)
        _ = unsafe inotify_add_watch(descriptor, path, mask)
    }

    /// Takes what has come; whether anything had.
    func drain() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var any = false
        while unsafe read(descriptor, &buffer, buffer.count) > 0 { any = true }
        return any
    }
}
