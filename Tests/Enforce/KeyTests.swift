import CordonModel
import CordonOrders
import Glibc
import Testing

@testable import AgentEnforce

@Suite("Keys of accounts")
struct KeyTests {
    /// An Ed25519 key and what ssh-keygen(1) says of it.
    private static let key = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    private static let fingerprint = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
    private static let account = Accounts.Account(
        name: "ana", user: 4321, group: 1000, home: "/home/ana", isUsable: true)

    @Test(
        "a line's key is found behind blanks and options, and in no comment, other type or broken text",
        arguments: [
            ("ssh-ed25519 \(key) github", true), ("  ssh-ed25519\t\(key)", true), ("ssh-ed25519 \(key)\r", true),
            (#"from="10.0.0.0/8",command="echo \"a b\" # c",no-pty ssh-ed25519 \#(key) x"#, true),
            (#"cert-authority ssh-ed25519 \#(key)"#, true),
            ("# ssh-ed25519 \(key)", false), ("ssh-rsa \(key)", false), ("ssh-ed25519 \(key.dropLast())", false),
            ("ssh-ed25519", false), ("", false), ("\"open ssh-ed25519 \(key)", false),
            ("a b ssh-ed25519 \(key)", false),
            ("ssh-ed25519 !!!!", false), ("ssh-ed25519 AAAA", false),
        ])
    func lines(line: String, holds: Bool) throws {
        let digest = try #require(AuthorizedKeys.digest(ofFingerprint: Self.fingerprint))
        #expect(AuthorizedKeys(Array("a\n\(line)\nb".utf8)).indices(of: digest) == (holds ? [1] : []))
    }

    @Test("a file is the same bytes again, whatever its end")
    func bytes() {
        for text in ["", "\n", "a", "a\n", "a\r\n\n\u{0}b", "\n\n"] {
            #expect(AuthorizedKeys(Array(text.utf8)).bytes == Array(text.utf8))
        }
        for text in ["", "SHA256:", "MD5:" + Self.fingerprint, Self.fingerprint + "A"] {
            #expect(AuthorizedKeys.digest(ofFingerprint: text) == nil)
        }
    }

    @Test("what went from files is written down and read again; nothing else is")
    func journal() {
        let removed = RemovedKey(
            user: "ana", digest: [UInt8](repeating: 7, count: 32),
            files: [
                RemovedKey.File(
                    path: "/a",
                    lines: [RemovedKey.Line(index: 3, bytes: [1, 2]), RemovedKey.Line(index: 9, bytes: [])]),
                RemovedKey.File(path: "/b", lines: []),
            ])
        #expect(RemovedKey(bytes: removed.bytes) == removed)
        #expect(RemovedKey(bytes: Array(removed.bytes.dropLast())) == nil && RemovedKey(bytes: []) == nil)
    }

    @Test("sshd says where keys are, by signs that stand for the account; other ways in are named")
    func places() {
        let said = KeyFiles(
            of: Self.account,
            settings: """
                port 22
                authorizedkeysfile .ssh/authorized_keys /etc/keys/%u-%U %h/k%%k %k/x none
                authorizedkeyscommand /usr/bin/keys
                trustedusercakeys none
                """)
        #expect(said.paths == ["/home/ana/.ssh/authorized_keys", "/etc/keys/ana-4321", "/home/ana/k%k"])
        #expect(said.notes == ["authorizedkeyscommand /usr/bin/keys was not looked into", "%k/x was not understood"])
        let usual = KeyFiles(of: Self.account, settings: nil)
        #expect(usual.paths == ["/home/ana/.ssh/authorized_keys", "/home/ana/.ssh/authorized_keys2"])
        #expect(usual.notes.count == 1)
    }

    @Test(
        "a link, a pipe, another's file, one with other names and one without end are left alone; so is one that is not there",
        .enabled(if: filesObstacle == nil, "\(filesObstacle ?? "")"))
    func hostile() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/keys"
        #expect(try AuthorizedKeysFile(path, of: Self.account) == nil)
        let makers: [(String, String)] = [
            ("ln -s /etc/passwd keys", "built-in: link"), ("mkfifo keys", "built-in: file type"),
            ("mkdir keys", "built-in: file type"), ("touch keys; chown 33 keys", "built-in: owner"),
            ("touch keys; ln keys other", "built-in: link"),
            ("truncate -s 2M keys; chown 4321 keys", "built-in: file size"),
        ]
        for (maker, rule) in makers {
            try Program.must(["sh", "-c", "cd \(scratch.path) && \(maker)"])
            let refusal = #expect(throws: Refusal.self, "\(maker)") { try AuthorizedKeysFile(path, of: Self.account) }
            #expect(refusal?.rule == rule, "\(maker)")
            try Program.must(["sh", "-c", "cd \(scratch.path) && rm -f other; rm -f keys || rmdir keys"])
        }
    }

    @Test(
        "a file loses the key and gets it back as it was, with all that it has, immutable or not; a file changed meanwhile keeps the change",
        .enabled(if: filesObstacle == nil, "\(filesObstacle ?? "")"))
    func replace() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/keys"
        let text = "# mine\nssh-rsa AAAA x\nfrom=\"a b\" ssh-ed25519 \(Self.key) one\nlast\nssh-ed25519 \(Self.key)"
        try scratch.file("keys", text)
        try Program.must(
            ["sh", "-c", "cd \(scratch.path) && chown 4321:1000 keys && chmod 640 keys && touch -d 2020-02-02 keys"])
        _ = try? Program.run(["chattr", "+i", path])
        defer { _ = try? Program.run(["chattr", "-i", path]) }
        let before = try FilesGround.digest(scratch.path)
        let withdrawal = KeyWithdrawal(accounts: Accounts(), policy: LocalPolicy())
        let digest = try #require(AuthorizedKeys.digest(ofFingerprint: Self.fingerprint))
        let files = KeyFiles(of: Self.account, settings: "authorizedkeysfile \(path)")
        let removed = try withdrawal.find(digest, of: Self.account, in: files)
        #expect(removed.files.first?.lines.map(\.index) == [2, 4])
        try withdrawal.remove(digest, from: path, of: Self.account, as: ".draft")
        // To look as the enforcer does is no use of the file that its times would tell.
        let rest = try AuthorizedKeysFile(path, of: Self.account)?.keys.bytes
        #expect(rest == Array("# mine\nssh-rsa AAAA x\nlast".utf8))
        let file = try #require(removed.files.first)
        try withdrawal.putBack(file, digest, of: Self.account, as: ".draft")
        #expect(try FilesGround.digest(scratch.path) == before)

        try withdrawal.remove(digest, from: path, of: Self.account, as: ".draft")
        _ = try? Program.run(["chattr", "-i", path])
        try scratch.file("keys", "new\n# mine\n")
        try withdrawal.putBack(file, digest, of: Self.account, as: ".draft")
        let lines = (TextFile.text(path) ?? "").split(separator: "\n").map(String.init)
        #expect(lines.prefix(2) == ["new", "# mine"] && lines.filter { $0.contains(Self.key) }.count == 2)
        try Program.must(["rm", path])
        let gone = #expect(throws: EnforceError.self) {
            try withdrawal.putBack(file, digest, of: Self.account, as: ".draft")
        }
        #expect(gone?.code == "key.file_gone")
    }
}

@Suite("sudoers")
struct SudoersTests {
    @Test("who may run everything is an administrator; who is bounded is none; of whom it is not clear may be one")
    func who() throws {
        let scratch = try Scratch()
        try Program.must(["mkdir", scratch.path + "/sudoers.d"])
        try scratch.file(
            "sudoers",
            """
            # a comment with ana ALL=(ALL) ALL
            Defaults env_reset, secure_path="/a=b"
            User_Alias OPS = carl, %ops : OTHER = dora
            Cmnd_Alias SHELLS = /bin/sh
            root ALL=(ALL:ALL) ALL
            ana ALL = (ALL : ALL) \\
                NOPASSWD: ALL
            %sudo, #4000 ALL=ALL # more
            OPS ALL=(root) ALL
            web ALL=(www-data) ALL
            ben ALL=(ALL) /usr/bin/apt, NOPASSWD: /bin/systemctl restart nginx
            eve host1=(ALL) ALL
            finn ALL=(ALL) ALL, !/bin/su
            gus ALL=(ALL) SHELLS
            !hal ALL=(ALL) ALL
            @includedir /etc/sudoers.d
            """)
        try scratch.file("sudoers.d/10-more", "%#27 ALL=(ALL) ALL\n")
        try scratch.file("sudoers.d/off.conf", "ivy ALL=(ALL) ALL\n")
        let sudoers = try #require(Sudoers(folder: scratch.path))
        #expect(sudoers.certain.users == ["root", "ana", "carl"])
        #expect(sudoers.certain.groups == ["sudo", "ops"])
        #expect(sudoers.certain.userIDs == [4000] && sudoers.certain.groupIDs == [27])
        #expect(sudoers.possible.users == ["root", "ana", "carl", "web", "eve", "finn", "gus"])
        #expect(Sudoers(folder: scratch.path + "/nowhere") == nil)
    }

    @Test("the last who may become root by sudoers is not locked, by whatever file or group; another may be")
    func last() throws {
        let scratch = try Scratch()
        try Program.must(["mkdir", scratch.path + "/sudoers.d"])
        try scratch.file(
            "passwd",
            """
            root:x:0:0:root:/root:/bin/bash
            ana:x:4321:1000:Ana:/home/ana:/bin/bash
            ben:x:4322:1001::/home/ben:/bin/bash
            carl:x:4323:1002::/home/carl:/usr/sbin/nologin

            """)
        try scratch.file("group", "root:x:0:\nsudo:x:27:ben\nops:x:1002:carl\n")
        try scratch.file("shadow", "ana:x:1:0:99999:7:::\nben:x:1:0:99999:7:::\ncarl:x:1:0:99999:7:::\n")
        let lock = AccountLock(
            accounts: Accounts(folder: scratch.path), policy: LocalPolicy(), agentUser: Lab.agentUser)
        func isRefused(_ name: String) -> Bool {
            do { _ = try lock.check(name) } catch let refusal as Refusal {
                return refusal.rule == "built-in: last administrator"
            } catch { return false }
            return false
        }
        let rows: [(sudoers: String, more: String, ana: Bool, ben: Bool)] = [
            ("root ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n", "ana ALL=(ALL) NOPASSWD: ALL\n", true, false),
            ("%sudo ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n", "ana ALL=(ALL) ALL\n", false, false),
            ("%sudo ALL=(ALL) ALL\n%ops ALL=(ALL) ALL\n", "", false, true),
            ("ana ALL=(ALL) ALL, !/bin/su\n", "", true, true),
        ]
        for row in rows {
            try scratch.file("sudoers", row.sudoers)
            try scratch.file("sudoers.d/local", row.more)
            #expect(isRefused("ana") == row.ana, "\(row.sudoers)\(row.more)")
            #expect(isRefused("ben") == row.ben, "\(row.sudoers)\(row.more)")
        }
    }
}
