import Glibc

@testable import AgentEnforce

/// A disk with programs on it whose reads are not answered any more once it is told so: ext4 on a file of a FUSE server's.
final class HangingDisk: Sendable {
    let path: String
    /// Removed after nothing is mounted in it any more.
    private let scratch: Scratch
    private let server: Program

    /// Why there is none here; `nil` when there is.
    static let obstacle: String? = {
        let devices = ["/dev/fuse", "/dev/loop-control"]
        let needed = devices.filter { (path: String) in unsafe access(path, R_OK | W_OK) != 0 }
        let hasTool = (try? Program.run(["sh", "-c", "command -v mke2fs python3 && grep -qw ext4 /proc/filesystems"]))
        return needed.isEmpty && hasTool?.status == 0 ? nil : "needs /dev/fuse, loop devices, ext4 and mke2fs"
    }()

    /// - Parameter programs: Their names; each has a content of its own.
    init(at name: String, of scratch: Scratch, programs: [String]) throws {
        self.scratch = scratch
        path = "\(scratch.path)/\(name)"
        let work = "\(path).work"
        try Program.must(["mkdir", "-p", path, "\(work)/files", "\(work)/served"])
        for program in programs {
            try Program.must([
                "sh", "-c", #"cp /bin/true "$0" && head -c 500000 /dev/urandom >> "$0""#, "\(work)/files/\(program)",
            ])
        }
        try Program.must(["sh", "-c", #"truncate -s 24M "$0/image" && mke2fs -q -F -d "$0/files" "$0/image""#, work])
        let script = try scratch.file("\(name).work/serve.py", Self.script)
        server = try Program(["python3", script, "\(work)/image", "\(work)/served", "\(work)/silent"])
        guard server.line() == "ready" else { throw Program.Failure(what: "no FUSE server") }
        try Program.must(["mount", "-o", "loop,ro", "\(work)/served/image", path])
    }

    /// From now on no read of it is answered.
    func hang() throws {
        // What the files are is known still, and only what they hold is not: or who starts one would wait before the kernel asks.
        try Program.must(["ls", "-l", path])
        try scratch.file(path.split(separator: "/").last.map { "\($0).work/silent" } ?? "", "")
    }

    /// All that waits for it is told that it is gone.
    func end() {
        kill(server.pid, SIGKILL)
        _ = server.wait()
    }

    deinit {
        end()
        for place in [path, "\(path).work/served"] { _ = try? Program.run(["umount", "-l", place]) }
    }

    /// Its line of proc_pid_mountinfo(5).
    var line: String {
        get throws {
            let lines = try Program.must(["cat", "/proc/self/mountinfo"]).split(separator: "\n")
            return lines.first { $0.contains(" \(path) ") }.map(String.init) ?? ""
        }
    }

    private static let script = #"""
        import ctypes, os, struct, sys
        image, folder, silent = sys.argv[1:]
        libc = ctypes.CDLL(None, use_errno=True)
        disk = os.open('/dev/fuse', os.O_RDWR)
        settings = b'fd=%d,rootmode=40000,user_id=0,group_id=0' % disk
        if libc.mount(b'hanging', folder.encode(), b'fuse', 0, settings) != 0: sys.exit(os.strerror(ctypes.get_errno()))
        source, size = os.open(image, os.O_RDONLY), os.path.getsize(image)
        def about(node):
            mode = 0o40755 if node == 1 else 0o100444
            return struct.pack('=6Q10I', node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
        print('ready', flush=True)
        while True:
            request = os.read(disk, 1 << 18)
            kind, number, node = struct.unpack('=IQQ', request[4:24])
            if kind in (2, 42): continue                                      # FUSE_FORGET, FUSE_BATCH_FORGET
            answer, error = b'', 0
            if kind == 26:                                                    # FUSE_INIT: 7.31
                answer = struct.pack('=IIIIHHIIHHI', 7, 31, 65536, 0, 16, 12, 4096, 1, 0, 0, 0) + bytes(28)
            elif kind == 1: answer = struct.pack('=4QII', 2, 0, 3600, 3600, 0, 0) + about(2)    # FUSE_LOOKUP
            elif kind == 3: answer = struct.pack('=QII', 3600, 0, 0) + about(node)              # FUSE_GETATTR
            elif kind in (14, 27): answer = struct.pack('=QII', 1, 0, 0)      # FUSE_OPEN, FUSE_OPENDIR
            elif kind == 15:                                                  # FUSE_READ
                if os.path.exists(silent): continue
                offset, count = struct.unpack('=QI', request[48:60])
                answer = os.pread(source, count, offset)
            elif kind == 17: answer = bytes(80)                               # FUSE_STATFS
            elif kind not in (18, 25, 29): error = -38
            os.write(disk, struct.pack('=IiQ', 16 + len(answer), error, number) + answer)
        """#
}
