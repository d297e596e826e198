import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Accounts in a folder of its own: passwd, group and shadow as a Debian host has them.
private struct AccountGround {
    let scratch: Scratch
    static let ana: UInt32 = 4321

    init() throws {
        scratch = try Scratch()
        try scratch.file(
            "passwd",
            """
            root:x:0:0:root:/root:/bin/bash
            www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
            ana:x:\(Self.ana):1000:Ana:/home/ana:/bin/bash
            ben:x:4322:1001::/home/ben:/bin/bash
            cordon:x:\(Lab.agentUser):4242::/:/usr/sbin/nologin

            """)
        try scratch.file("group", "root:x:0:\nsudo:x:27:ana,ben\nana:x:1000:\n")
        try scratch.file("shadow", Self.shadow)
        try Program.must(["chmod", "640", scratch.path + "/shadow"])
        try Program.must(["chown", "0:42", scratch.path + "/shadow"])
    }

    /// A program that holds the lock of the accounts, as vipw(8) does while it is open.
    func lockHolder() throws -> Program {
        let holder = try Program([
            "python3", "-u", "-c",
            "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f, fcntl.LOCK_EX); print('held'); sys.stdin.read()",
            scratch.path + "/.pwd.lock",
        ])
        #expect(holder.line() == "held")
        return holder
    }

    static let shadow = """
        root:*:19000:0:99999:7:::
        www-data:*:19000:0:99999:7:::
        ana:$y$j9T$salt$hash:19000:0:99999:7::40000:
        ben:!:19000:0:99999:7:::
        strange line

        """

    var text: String { TextFile.text(scratch.path + "/shadow") ?? "" }

    func lock(_ policy: LocalPolicy = LocalPolicy()) -> AccountLock {
        AccountLock(accounts: Accounts(folder: scratch.path), policy: policy, agentUser: Lab.agentUser)
    }

    /// Locks whoever is named.
    @discardableResult
    func locked(_ name: String) throws -> LockedAccount {
        let account = try #require(try lock().accounts.account(name))
        let planned = try lock().plan(account)
        try lock().apply(planned)
        return planned
    }
}

@Suite("Accounts", .enabled(if: geteuid() == 0, "needs root, for the owner of shadow"))
struct AccountTests {
    private let ground: AccountGround
    init() throws { ground = try AccountGround() }

    @Test("a locked account has the mark and an expiry in the past; unlocked, the file is as it was, byte for byte")
    func lockAndUnlock() throws {
        for name in ["ana", "ben"] {
            let locked = try ground.locked(name)
            #expect(try ground.lock().isLocked(name))
            #expect(LockedAccount(bytes: locked.bytes) == locked)
            try ground.lock().unlock(locked)
            #expect(ground.text == AccountGround.shadow)
        }
        let held = try ground.locked("ana")
        #expect(ground.text.contains("\nana:!$y$j9T$salt$hash:19000:0:99999:7::1:\n"))
        #expect(!String(decoding: held.bytes, as: UTF8.self).contains("hash"), "no password is kept")
        let status = try Program.must(["stat", "-c", "%a %u %g", ground.scratch.path + "/shadow"])
        #expect(status == "640 0 42")
    }

    @Test("what somebody unlocks by hand is locked again; a password set meanwhile stays when it is unlocked")
    func drift() throws {
        let locked = try ground.locked("ana")
        #expect(try ground.lock().hold(locked) == nil)
        for changed in ["ana:$new:19000:0:99999:7:::", "ana:$new:19000:0:99999:7::1:", "ana:!$new:19000:0:99999:7:::"] {
            try ground.scratch.file(
                "shadow",
                AccountGround.shadow.split(separator: "\n", omittingEmptySubsequences: false)
                    .map { $0.hasPrefix("ana:") ? changed : String($0) }.joined(separator: "\n"))
            let again = try #require(try ground.lock().hold(locked), "\(changed)")
            #expect(try ground.lock().isLocked("ana"))
            try ground.lock().unlock(again)
            #expect(ground.text.contains("\nana:$new:"), "\(changed)")
            #expect(try !ground.lock().isLocked("ana"))
        }
    }

    @Test("root, services, the agent's own, protected ones, strangers and the last administrator are not locked")
    func refusals() throws {
        var policy = LocalPolicy()
        policy.protectedUsers.value = [4322: "ben"]
        let rows = [
            ("root", "built-in: root"), ("www-data", "built-in: system account"), ("cordon", "built-in: agent"),
            ("ben", "protected_users (built-in default)"),
        ]
        for (name, rule) in rows {
            let error = #expect(throws: Refusal.self) { try ground.lock(policy).check(name) }
            #expect(error?.rule == rule)
        }
        #expect(throws: EnforceError.self) { try ground.lock().check("nobody-here") }
        #expect(try ground.lock().check("ana").user == AccountGround.ana)
        try ground.locked("ben")
        let error = #expect(throws: Refusal.self) { try ground.lock().check("ana") }
        #expect(error?.rule == "built-in: last administrator")
    }

    @Test("while another program holds the lock of the accounts nothing is changed")
    func busy() throws {
        let holder = try ground.lockHolder()
        defer { kill(holder.pid, SIGKILL) }
        var shadow = ShadowFile(folder: ground.scratch.path)
        shadow.patience = .milliseconds(100)
        let error = #expect(throws: EnforceError.self) { try shadow.change("ana") { $0.expiry = [0x31] } }
        #expect(error?.code == "account.busy")
        #expect(ground.text == AccountGround.shadow)
    }
}

/// The same by order, with the real enforcer and real processes of a user.
@Suite("Accounts by order", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct AccountOrderTests {
    @Test(
        "a user's processes end and the account stays locked over kill -9 and changes by hand, until its order is undone or time is over"
    )
    func order() throws {
        let (lab, ground) = (try Lab(), try AccountGround())
        let fleet = try Enrolled(lab.scratch, settings: #"accounts = "\#(ground.scratch.path)""#)
        var enforcer = try EnforcerProcess(fleet, in: lab.host)
        let user = "\(AccountGround.ana)"
        let session = try Program(["setpriv", "--reuid=\(user)", "--clear-groups", "sleep", "600"])
        #expect(enforcer.becomes { RunningProcess(pid: session.pid)?.user == AccountGround.ana })
        let order = fleet.order(.lockAccount(AccountLocking(user: "ana", duration: .seconds(600))))
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.probes.map(\.name) == ["account_locked", "sessions_ended"])
        #expect(session.wait() == 128 + SIGKILL)
        let locked = ground.text
        try ground.scratch.file("shadow", AccountGround.shadow)
        #expect(enforcer.becomes { ground.text == locked }, "it is locked again")
        let holder = try ground.lockHolder()
        try ground.scratch.file("shadow", AccountGround.shadow)
        #expect(!enforcer.becomes(within: 1) { ground.text == locked }, "another program changes the accounts")
        kill(holder.pid, SIGKILL)
        #expect(enforcer.becomes { ground.text == locked }, "when that one is done")
        enforcer.kill()
        try ground.scratch.file("shadow", AccountGround.shadow)
        enforcer = try EnforcerProcess(fleet, in: lab.host)
        #expect(enforcer.becomes { ground.text == locked }, "after a restart too")
        #expect(try enforcer.status().containment.model().effects.map(\.kind) == [.lockAccount])
        #expect(try enforcer.execute(.unlockAccount(order.id)).outcome == .succeeded)
        #expect(ground.text == AccountGround.shadow)

        let brief = AccountLocking(user: "ana", duration: .seconds(1), keepsSessions: true)
        #expect(try enforcer.execute(.lockAccount(brief)).outcome == .succeeded)
        #expect(enforcer.becomes(within: 10) { ground.text == AccountGround.shadow })
        let refused = try enforcer.execute(.lockAccount(AccountLocking(user: "root", duration: .seconds(60))))
        #expect(refused.outcome == .refused(rule: "built-in: root"))
    }
}
