import Glibc

/// A file system of half a megabyte in a folder of a test's own, which the test can fill.
final class SmallDisk: Sendable {
    let path: String
    /// Removed after this is no longer mounted in it.
    private let scratch: Scratch

    init(at name: String, of scratch: Scratch) throws {
        self.scratch = scratch
        path = "\(scratch.path)/\(name)"
        try Program.must(["mkdir", "-m", "700", path])
        try Program.must(["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", path])
    }

    deinit { _ = try? Program.run(["umount", "-l", path]) }

    /// Leaves no block of it free.
    func fill() throws { _ = try Program.run(["dd", "if=/dev/zero", "of=\(path)/filler", "bs=1k"]) }
}
