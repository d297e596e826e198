import CordonModel
import Glibc
import Testing

@testable import AgentEnforce

/// Why files cannot be taken away here; `nil` when they can.
let filesObstacle: String? = {
    guard geteuid() == 0 else { return "needs root, for owners, labels and flags" }
    guard (try? Program.run(["python3", "--version"]).status) == 0 else { return "needs python3, for attributes" }
    return nil
}()

/// Folders of files that are taken and put back, and a quarantine beside them.
final class FilesGround: Sendable {
    let scratch: Scratch
    /// Files on the quarantine's own file system.
    let files: String
    let quarantine: String
    static let at = Timestamp(seconds: 1_800_000_000)

    init() throws {
        scratch = try Scratch()
        files = scratch.path + "/files"
        quarantine = scratch.path + "/quarantine"
        try Program.must(["mkdir", files])
    }

    deinit { _ = try? Program.run(["chattr", "-R", "-f", "-i", "-a", scratch.path]) }

    static func id(_ number: UInt64) -> UUIDv7 { UUIDv7(high: 0x0190_0000_0000_7000, low: number) }

    /// A file with everything that a file can have.
    @discardableResult
    static func rich(_ path: String, locked: Bool = true) throws -> String {
        let script = """
            import os, struct, sys
            path, locked = sys.argv[1], sys.argv[2] == 'True'
            with open(path, 'wb') as f: f.write(b'#!/bin/sh\\n' + bytes(range(256)) * 2000)
            os.chown(path, 4242, 4343)
            os.chmod(path, 0o6751)
            acl = struct.pack('<I', 2)
            for tag, permission, who in [(1, 7, -1), (2, 4, 77), (4, 5, -1), (16, 5, -1), (32, 1, -1)]:
                acl += struct.pack('<HHi', tag, permission, who)
            os.setxattr(path, 'system.posix_acl_access', acl)
            os.setxattr(path, 'user.note', b'\\0\\xff binary')
            try: os.setxattr(path, 'trusted.mark', b'')
            except PermissionError: pass
            os.setxattr(path, 'security.capability', struct.pack('<IIIII', 0x02000001, 1 << 10, 0, 0, 0))
            os.utime(path, ns=(1_700_000_000_123_456_789, 1_600_000_000_987_654_321))
            if locked: os.system("chattr +ia '%s'" % path)
            """
        try Program.must(["python3", "-c", script, path, locked ? "True" : "False"])
        return path
    }

    /// Every file and folder below, with all that can be said of it; of folders not the times, which change with names.
    static func digest(_ folder: String) throws -> String {
        let script = """
            import hashlib, os, subprocess, sys
            top, lines = sys.argv[1], []
            for folder, folders, names in os.walk(top):
                folders.sort()
                for name in sorted(names) + ['.']:
                    path = os.path.join(folder, name)
                    s = os.lstat(path)
                    what = [os.path.relpath(path, top), oct(s.st_mode), s.st_uid, s.st_gid]
                    if name != '.':
                        what += [s.st_size, s.st_atime_ns, s.st_mtime_ns]
                        fd = os.open(path, os.O_RDONLY | os.O_NOATIME)
                        what.append(hashlib.sha256(os.read(fd, 1 << 24)).hexdigest())
                        os.close(fd)
                    what += [(k, os.getxattr(path, k)) for k in sorted(os.listxattr(path))]
                    if name != '.':
                        r = subprocess.run(['lsattr', '-d', path], capture_output=True, text=True)
                        what.append(r.stdout.split(' ')[0])
                    lines.append(repr(what))
            print('|'.join(lines))
            """
        return try Program.must(["python3", "-c", script, folder])
    }

    /// Everything that the quarantine's folder holds.
    var leftovers: [String] { TextFile.names(in: quarantine) }
}
