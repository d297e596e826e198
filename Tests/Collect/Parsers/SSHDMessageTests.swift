import AgentCollect
import CordonModel
import Testing

private let now = Timestamp(seconds: 1_790_000_000)

private func event(_ message: String, _ program: String = "sshd") -> Event {
    let record = Record(text: Array(message.utf8), envelope: .known(timestamp: nil, program: program, pid: 1))
    return Normalizer().normalize(record, now: now)
}

@Suite("sshd's words")
struct SSHDMessageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var line: String
        var action: String
        var outcome: String?
        var user: String?
        var address: String?
        var port: Int64?
        var testDescription: String { line }
    }

    private static let cases: [Case] = [
        Case(
            line: "Accepted password for root from 192.0.2.7 port 5022 ssh2", action: "ssh_login", outcome: "success",
            user: "root", address: "192.0.2.7", port: 5022),
        Case(
            line: "Accepted publickey for git from 2001:db8::1 port 22 ssh2: ED25519 SHA256:abcdef",
            action: "ssh_login", outcome: "success", user: "git", address: "2001:db8::1", port: 22),
        Case(
            line: "Failed password for invalid user admin from 192.0.2.7 port 1 ssh2", action: "ssh_login",
            outcome: "failure", user: "admin", address: "192.0.2.7", port: 1),
        Case(
            line: "Failed password for invalid user  from 192.0.2.7 port 1 ssh2", action: "ssh_login",
            outcome: "failure", user: "", address: "192.0.2.7", port: 1),
        Case(
            line: "Postponed keyboard-interactive for root from 192.0.2.7 port 1 ssh2 [preauth]",
            action: "ssh_login_step", user: "root", address: "192.0.2.7", port: 1),
        Case(
            line: "Invalid user a b from ::ffff:192.0.2.7 port 9", action: "ssh_invalid_user", outcome: "failure",
            user: "a b", address: "192.0.2.7", port: 9),
        Case(
            line: "Invalid user old from 192.0.2.7", action: "ssh_invalid_user", outcome: "failure", user: "old",
            address: "192.0.2.7"),
        Case(
            line: "Connection closed by authenticating user root 192.0.2.7 port 2 [preauth]", action: "ssh_login",
            outcome: "failure", user: "root", address: "192.0.2.7", port: 2),
        Case(
            line: "Connection reset by invalid user x 192.0.2.7 port 2 [preauth]", action: "ssh_login",
            outcome: "failure", user: "x", address: "192.0.2.7", port: 2),
        Case(
            line: "Connection closed by 192.0.2.7 port 2 [preauth]", action: "ssh_disconnect", address: "192.0.2.7",
            port: 2),
        Case(
            line: "Disconnected from user root 192.0.2.7 port 2", action: "ssh_disconnect", user: "root",
            address: "192.0.2.7", port: 2),
        Case(
            line: "Disconnecting authenticating user root 192.0.2.7 port 2: Too many authentication failures [preauth]",
            action: "ssh_login", outcome: "failure", user: "root", address: "192.0.2.7", port: 2),
        Case(
            line: "Received disconnect from 192.0.2.7 port 2:11: disconnected by user", action: "ssh_disconnect",
            address: "192.0.2.7"),
        Case(
            line:
                "error: maximum authentication attempts exceeded for invalid user q from 192.0.2.7 port 2 ssh2 [preauth]",
            action: "ssh_attempts_exceeded", outcome: "failure", user: "q", address: "192.0.2.7", port: 2),
        Case(
            line: "User root from 192.0.2.7 not allowed because not listed in AllowUsers", action: "ssh_user_refused",
            outcome: "failure", user: "root", address: "192.0.2.7"),
        Case(
            line:
                "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
            action: "pam_authentication", outcome: "failure", user: "root", address: "192.0.2.7"),
        Case(
            line: "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
            action: "pam_authentication", outcome: "failure", user: "root", address: "192.0.2.7"),
        Case(
            line: "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)", action: "session_opened",
            outcome: "success", user: "root"),
        Case(
            line: "pam_unix(sshd:session): session closed for user root", action: "session_closed", outcome: "success",
            user: "root"),
        Case(
            line: "Unable to negotiate with 192.0.2.7 port 3: no matching MAC found. Their offer: x [preauth]",
            action: "ssh_connection_error", outcome: "failure", address: "192.0.2.7"),
        Case(
            line: "banner exchange: Connection from 192.0.2.7 port 3: invalid format", action: "ssh_connection_error",
            outcome: "failure", address: "192.0.2.7"),
        Case(
            line: "Bad protocol version identification 'from 198.51.100.1 port 1' from 192.0.2.7 port 3",
            action: "ssh_connection_error", outcome: "failure", address: "192.0.2.7", port: 3),
        Case(
            line: "Timeout before authentication for connection from 192.0.2.7 to 10.0.0.1, pid = 5",
            action: "ssh_connection_error", outcome: "failure", address: "192.0.2.7"),
        Case(
            line: "drop connection #10 from [192.0.2.7]:99 on [10.0.0.1]:22 past MaxStartups",
            action: "ssh_connection_error", outcome: "failure", address: "192.0.2.7", port: 99),
        Case(
            line: "Starting session: shell on pts/0 for root from 192.0.2.7 port 4 id 0", action: "ssh_session_start",
            user: "root", address: "192.0.2.7", port: 4),
        Case(line: "Server listening on 0.0.0.0 port 22.", action: "sshd_listening"),
        Case(line: "something nobody has seen", action: "ssh_message"),
    ]

    @Test("each form gives action, outcome, user and address", arguments: cases)
    func forms(expected: Case) {
        for program in ["sshd", "sshd-session"] {
            let event = event(expected.line, program)
            #expect(event.text(.eventAction) == expected.action)
            #expect(event.text(.eventOutcome) == expected.outcome)
            #expect(event.text(.userName) == expected.user)
            #expect(event.text(.sourceIP) == expected.address)
            if let port = expected.port { #expect(event.number(.sourcePort) == port) }
            #expect(event.original == expected.line)
        }
    }

    @Test("method and key fingerprint are kept")
    func details() {
        let event = event(
            "Accepted publickey for git from 192.0.2.1 port 22 ssh2: RSA-CERT SHA256:abc ID me (serial 1) CA RSA SHA256:def"
        )
        #expect(event.text(.sshMethod) == "publickey")
        #expect(event.text(.sshSignature) == "RSA-CERT SHA256:abc ID me (serial 1) CA RSA SHA256:def")
    }

    private static let forgeries: [(String, String)] = [
        (
            "Failed password for invalid user x from 1.2.3.4 port 1 ssh2 from 192.0.2.7 port 22 ssh2",
            "x from 1.2.3.4 port 1 ssh2"
        ),
        (
            "Failed password for invalid user x from 1.2.3.4 port 1 ssh2: RSA SHA256:a from 192.0.2.7 port 22 ssh2",
            "x from 1.2.3.4 port 1 ssh2: RSA SHA256:a"
        ),
        ("Invalid user y from 1.2.3.4 port 5 from 192.0.2.7 port 22", "y from 1.2.3.4 port 5"),
        ("Connection closed by invalid user z 1.2.3.4 port 5 192.0.2.7 port 22 [preauth]", "z 1.2.3.4 port 5"),
        ("Connection closed by invalid user user root 192.0.2.7 port 22 [preauth]", "user root"),
        (
            "User w from 1.2.3.4 not allowed because I say so from 192.0.2.7 not allowed because not listed in AllowUsers",
            "w from 1.2.3.4 not allowed because I say so"
        ),
        (
            "error: maximum authentication attempts exceeded for v from 1.2.3.4 port 1 ssh2 from 192.0.2.7 port 22 ssh2",
            "v from 1.2.3.4 port 1 ssh2"
        ),
        (
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=u rhost=1.2.3.4 user=k",
            "u rhost=1.2.3.4 user=k"
        ),
    ]

    @Test("a user's name cannot forge the address", arguments: forgeries)
    func forged(line: String, user: String) {
        let event = event(line)
        #expect(event.text(.sourceIP) == "192.0.2.7")
        #expect(event.text(.userName) == user)
    }

    @Test("where a certificate's identity makes a second reading, neither is believed")
    func ambiguous() {
        let event = event(
            "Failed publickey for a from 192.0.2.7 port 2 ssh2: RSA SHA256:x ID b from 1.2.3.4 port 1 ssh2: RSA SHA256:y (serial 0) CA RSA SHA256:z"
        )
        #expect(event.fields[.sourceIP] == nil)
        #expect(event.fields[.tags] == .texts(["ambiguous"]))
        #expect(event.text(.eventOutcome) == "failure")
    }

    @Test("folded repeats are unfolded and counted")
    func repeats() {
        let event = event("message repeated 5 times: [ Failed password for root from 192.0.2.7 port 22 ssh2]")
        #expect(event.number(.messageRepeats) == 5)
        #expect(event.text(.sourceIP) == "192.0.2.7")
    }

    @Test("no line crashes it, cut anywhere or with any byte in it")
    func mutations() {
        for expected in Self.cases {
            let bytes = Array(expected.line.utf8)
            for length in 0...bytes.count {
                for extra in [[], [0], [0xFF], Array(" port 99999999999999999999".utf8), Array(" from ".utf8)]
                    as [[UInt8]]
                {
                    let text = Array(bytes[..<length]) + extra
                    let record = Record(text: text, envelope: .known(timestamp: nil, program: "sshd", pid: nil))
                    #expect(Normalizer().normalize(record, now: now).original == String(decoding: text, as: UTF8.self))
                }
            }
        }
    }
}

@Suite("sudo's words")
struct SudoMessageTests {
    @Test("a command has its user, target, terminal and folder")
    func command() {
        let event = event("   alice : TTY=pts/0 ; PWD=/home/a b ; USER=root ; COMMAND=/usr/bin/id -u ; true", "sudo")
        #expect(event.text(.userName) == "alice")
        #expect(event.text(.userEffectiveName) == "root")
        #expect(event.text(.processTTY) == "pts/0")
        #expect(event.text(.processWorkingDirectory) == "/home/a b")
        #expect(event.text(.processCommandLine) == "/usr/bin/id -u ; true")
        #expect(event.text(.processExecutable) == "/usr/bin/id")
        #expect(event.text(.eventAction) == "sudo_command" && event.text(.eventOutcome) == "success")
    }

    @Test(
        "refusals say why",
        arguments: [
            (
                "bob : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", "user NOT in sudoers",
                "process"
            ),
            (
                "bob : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
                "3 incorrect password attempts", "authentication"
            ),
            (
                "bob : command not allowed ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", "command not allowed",
                "process"
            ),
            (
                "bob : a password is required ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
                "a password is required", "authentication"
            ),
        ])
    func refusals(line: String, reason: String, category: String) {
        let event = event(line, "sudo")
        #expect(event.text(.eventReason) == reason)
        #expect(event.text(.eventAction) == "sudo_refused" && event.text(.eventOutcome) == "failure")
        #expect(event.fields[.eventCategory] == .texts([category]))
        #expect(event.text(.userName) == "bob" && event.text(.processCommandLine) == "/bin/sh")
    }

    @Test("a folder's name cannot hide the command")
    func forged() {
        let event = event(
            "bob : TTY=pts/1 ; PWD=/tmp/x ; USER=nobody ; COMMAND=/bin/true ; USER=root ; COMMAND=/bin/bash", "sudo")
        #expect(event.text(.processCommandLine)?.hasSuffix("COMMAND=/bin/bash") == true)
        #expect(event.fields[.tags] == .texts(["ambiguous"]))
    }

    @Test("PAM's lines through sudo are understood")
    func pam() {
        let event = event(
            "pam_unix(sudo:auth): authentication failure; logname=bob uid=1000 euid=0 tty=/dev/pts/0 ruser=bob rhost=  user=bob",
            "sudo")
        #expect(event.text(.eventAction) == "pam_authentication")
        #expect(
            event.text(.userName) == "bob" && event.fields[.sourceIP] == nil && event.text(.processTTY) == "/dev/pts/0")
    }

    @Test("other programs arrive with what is known of them")
    func others() {
        let event = Normalizer.normalize(line: "Jan  5 10:00:00 web1 backupd[77]: (root) CMD (true)", now: now)
        #expect(
            event.text(.processName) == "backupd" && event.number(.processPID) == 77 && event.text(.hostName) == "web1")
        #expect(event.text(.message) == "(root) CMD (true)")
        #expect(event.original == "Jan  5 10:00:00 web1 backupd[77]: (root) CMD (true)")
        #expect(event.fields[.eventAction] == nil)
    }
}
