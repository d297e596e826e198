import Glibc

/// What is read: sshd's lines as a host under attack has them, in a file and in a journal.
struct Workload {
    let events: Int
    let file: String
    /// The folder of a journal; `nil` where systemd's tool to make one is not installed.
    let journal: String?
    /// Of the messages, headers not counted.
    let bytes: Int

    private static let tool = "/lib/systemd/systemd-journal-remote"
    private static let start = 1_790_000_000

    init(folder: String, events: Int) throws {
        self.events = events
        file = folder + "/auth.log"
        let lines = try Output(file)
        var bytes = 0
        for number in 0..<events {
            let message = Self.message(number)
            bytes += message.utf8.count
            lines.write(
                "2026-09-21T14:13:20.\(String(number % 1_000_000 + 1_000_000).dropFirst())Z web1 sshd[\(number % 30_000)]: \(message)\n"
            )
        }
        try lines.close()
        self.bytes = bytes
        journal = unsafe access(Self.tool, X_OK) == 0 ? try Self.journal(folder, events) : nil
    }

    /// The user that only the last line names.
    var lastUser: String { "u\(events - 1)" }

    private static func message(_ number: Int) -> String {
        "Failed password for invalid user u\(number) from 203.0.113.\(number % 250) port \(1024 + number % 60_000) ssh2"
    }

    /// With the fields that journald adds to each entry of a service.
    private static func journal(_ folder: String, _ events: Int) throws -> String {
        try Shell.run(["/bin/mkdir", "-p", folder + "/journal"])
        let export = try Output(folder + "/export")
        for number in 0..<events {
            export.write(
                """
                __REALTIME_TIMESTAMP=\(start * 1_000_000 + number * 37)
                __MONOTONIC_TIMESTAMP=\(number * 37)
                _BOOT_ID=0123456789abcdef0123456789abcdef
                _MACHINE_ID=fedcba9876543210fedcba9876543210
                _TRANSPORT=syslog
                _HOSTNAME=web1
                _PID=\(number % 30_000)
                _UID=0
                _GID=0
                _COMM=sshd
                _EXE=/usr/sbin/sshd
                _CMDLINE=sshd: unknown [priv]
                _CAP_EFFECTIVE=1ffffffffff
                _SYSTEMD_CGROUP=/system.slice/ssh.service
                _SYSTEMD_UNIT=ssh.service
                _SYSTEMD_SLICE=system.slice
                SYSLOG_FACILITY=4
                SYSLOG_IDENTIFIER=sshd
                SYSLOG_PID=\(number % 30_000)
                PRIORITY=6
                _SOURCE_REALTIME_TIMESTAMP=\(start * 1_000_000 + number * 37 - 5)
                MESSAGE=\(message(number))


                """)
        }
        try export.close()
        try Shell.run([tool, "--output=\(folder)/journal/bench.journal", "\(folder)/export"])
        unsafe unlink("\(folder)/export")
        return folder + "/journal"
    }

    /// A file being written.
    @safe private struct Output {
        private let file: UnsafeMutablePointer<FILE>

        init(_ path: String) throws {
            guard let file = unsafe fopen(path, "w") else { throw BenchError("cannot write \(path)") }
            unsafe self.file = unsafe file
        }

        func write(_ text: String) { unsafe fputs(text, file) }

        func close() throws {
            guard unsafe fclose(file) == 0 else { throw BenchError("the disk is full") }
        }
    }
}
