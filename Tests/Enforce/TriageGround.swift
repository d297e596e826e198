import CordonModel
import CordonOrders
import CordonScan
import Glibc
import Testing

@testable import AgentEnforce

/// A host with traces on it: folders of its own are mounted over those of the machine, for the enforcer alone.
struct TriageGround {
    let lab: Lab
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhZCBrZXkgYmFkIGtleSBiYWQga2V5IGJhZCBrZXk somebody\n"

    var implantPath: String { "\(lab.scratch.path)/implant" }
    var packagedPath: String { "\(lab.scratch.path)/packaged" }

    init(_ lab: Lab) throws {
        self.lab = lab
        let scratch = lab.scratch
        for folder in [
            "cron.d", "root/.ssh", "root/.config/systemd/user/elsewhere", "varlog", "dpkg/info", "many",
        ] { try Program.must(["mkdir", "-p", "\(scratch.path)/\(folder)"]) }
        try scratch.file("cron.d/updater", "API=hunter2\n* * * * * root \(implantPath)\n")
        try scratch.file("root/.ssh/authorized_keys", key, mode: 0o600)
        try scratch.file("root/.ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n", mode: 0o600)
        try scratch.file("root/.bashrc", "export API=hunter2\n")
        try Program.must(["ln", "-s", "/tmp/m.service", "\(scratch.path)/root/.config/systemd/user/m.service"])
        try scratch.file("varlog/wtmp", "")
        try scratch.file("varlog/btmp", Self.login("root", "203.0.113.65") + Self.login("hunter2", "203.0.113.66"))
        try scratch.file("packaged", "as somebody wants it\n")
        try scratch.file(
            "dpkg/status",
            """
            Package: tool
            Status: install ok installed
            Maintainer: nobody <nobody@example.org>
            Architecture: all
            Version: 1
            Description: a tool

            """)
        for name in ["available", "diversions", "statoverride"] {
            try scratch.file("dpkg/\(name)", "")
        }
        try scratch.file("dpkg/info/format", "1\n")
        try scratch.file("dpkg/info/tool.list", "/.\n\(packagedPath)\n")
        try scratch.file(
            "dpkg/info/tool.md5sums", "\(String(repeating: "0", count: 32))  \(packagedPath.dropFirst())\n")
    }

    /// A record of utmp(5).
    static func login(_ user: String, _ from: String) -> String {
        var record = [UInt8](repeating: 0, count: LoginRecords.width)
        record[0] = 6
        for (text, offset) in [("ssh:notty", 8), (user, 44), (from, 76)] {
            record.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        return String(decoding: record, as: UTF8.self)
    }

    /// The real enforcer, on this host.
    /// - Parameter more: Shell commands that make its mounts worse.
    func enforcer(_ fleet: Enrolled, more: [String] = []) throws -> EnforcerProcess {
        let places = ["cron.d": "/etc/cron.d", "root": "/root", "varlog": "/var/log", "dpkg": "/var/lib/dpkg"]
        let mounts = places.map { "mount --bind '\(lab.scratch.path)/\($0)' \($1)" }.sorted()
        let script = mounts + ["mount -t tmpfs none /root/.config/systemd/user/elsewhere"] + more + ["exec \"$@\""]
        return try EnforcerProcess(
            fleet,
            entering: [
                "nsenter", "--net=/run/netns/\(lab.host)", "unshare", "--mount", "--propagation", "private", "sh",
                "-ec", script.joined(separator: "\n"), "sh",
            ])
    }

    /// A process with a secret in its environment, a file that it has open and a port that it listens on.
    func implant() throws -> Program {
        let python = try Program.must(["python3", "-c", "import os, sys; print(os.path.realpath(sys.executable))"])
        try Program.must(["cp", python, implantPath])
        try lab.scratch.file("loot", "")
        let program = try Program(
            [
                "nsenter", "--net=/run/netns/\(lab.host)", implantPath, "-u", "-c",
                """
                import socket, sys, time
                loot = open('\(lab.scratch.path)/loot')
                listening = socket.create_server(('', 4444))
                print('ready')
                time.sleep(600)
                """,
            ],
            environment: [
                "TOKEN=hunter2",
                "PYTHONHOME=" + (try Program.must(["python3", "-c", "import sys; print(sys.prefix)"])),
            ])
        guard let line = program.line(), line == "ready" else { throw Program.Failure(what: "no implant") }
        return program
    }

    /// A program that mounts file systems of which nobody ever answers for a file, until the ground is gone.
    func silence() throws -> String {
        try lab.scratch.file(
            "silence.py",
            """
            import ctypes, os, sys, time
            libc = ctypes.CDLL(None, use_errno=True)
            for place in sys.argv[2:]:
                fuse = os.open('/dev/fuse', os.O_RDWR)
                options = b'fd=%d,rootmode=40000,user_id=0,group_id=0' % fuse
                if libc.mount(b'silent', place.encode(), b'fuse', 0, options) != 0:
                    sys.exit(os.strerror(ctypes.get_errno()))
            if os.fork() == 0:
                for number in (0, 1, 2): os.close(number)
                end = time.time() + 600
                while os.path.exists(sys.argv[1]) and time.time() < end: time.sleep(1)
            """)
        return "python3 '\(lab.scratch.path)/silence.py' '\(lab.scratch.path)/silence.py'"
    }

    /// Files that were changed just now.
    func fill(files: Int) throws {
        try Program.must(["sh", "-c", "cd '\(lab.scratch.path)/many' && seq \(files) | xargs touch"])
    }

    /// Carries the order out and unpacks what it brought, by tar(1).
    func bundle(of order: Order, _ enforcer: EnforcerProcess, as name: String) throws -> TriageBundle {
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        let evidence = try #require(result.evidence)
        #expect(evidence.name.hasPrefix("triage-") && evidence.name.hasSuffix(".tar"))
        #expect(result.proof?.probes.map(\.name) == ["evidence_kept"])
        let folder = "\(lab.scratch.path)/\(name)"
        try Program.must(["mkdir", folder])
        try Program.must(["tar", "-xf", "\(lab.scratch.path)/state/evidence/\(order.id)", "-C", folder])
        return TriageBundle(folder: folder, size: evidence.size, message: result.message)
    }
}

/// An archive, unpacked.
struct TriageBundle {
    let folder: String
    /// Bytes of the archive.
    let size: Int64
    let message: String

    /// The rows of a table; each line must be JSON.
    func rows(_ table: String) -> [JSONValue] {
        let bytes = TextFile.bytes("\(folder)/\(table).ndjson", limit: 64 << 20) ?? []
        return bytes.split(separator: 0x0A).map { line in
            guard let row = try? JSONValue.parse(Array(line)) else {
                Issue.record("\(table): \(String(decoding: line, as: UTF8.self))")
                return .null
            }
            return row
        }
    }

    var manifest: [JSONValue] { rows("manifest") }

    func notes(_ table: String) -> [String] {
        manifest.filter { $0["table"]?.text == table }.compactMap { $0["note"]?.text }
    }

    /// Whether any of its files holds the text.
    func holds(_ text: String) -> Bool {
        (try? Program.run(["grep", "-rqF", text, folder]).status) == 0
    }
}
