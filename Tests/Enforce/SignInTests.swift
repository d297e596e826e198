import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Why a real sshd cannot be signed in to here; `nil` when it can.
private let obstacle: String? = {
    if let labObstacle { return labObstacle }
    let programs = ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/sbin/useradd"]
    return programs.first { unsafe access($0, X_OK) != 0 }.map { "needs \($0)" }
}()

/// What locking is for: the real sshd, with the host's own PAM, on a copy of `/etc` that the test may change.
@Suite("Signing in", .enabled(if: obstacle == nil, "\(obstacle ?? "")"), .serialized)
struct SignInTests {
    private let lab: Lab
    private let folder: String

    init() throws {
        lab = try Lab()
        folder = lab.scratch.path
        try lab.scratch.file("sshd.sh", Self.script)
        try Program.must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder + "/key"])
        try Program.must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder + "/host"])
        try Program.must(["mkdir", "-p", folder + "/home/.ssh", "/run/sshd"])
        try Program.must(["cp", folder + "/key.pub", folder + "/home/.ssh/authorized_keys"])
        try Program.must(["cp", "-a", "/etc", folder + "/etc"])
        // sshd reads the keys as their owner.
        try Program.must(["chmod", "a+rx", folder])
    }

    /// In a mount namespace whose `/etc` is the copy.
    private static let script = """
        set -e
        mount --bind "$1/etc" /etc
        useradd --no-create-home --home-dir "$1/home" --shell /bin/sh cordontest
        echo 'cordontest:cordon-test-password' | chpasswd
        chown -R cordontest "$1/home"
        exec /usr/sbin/sshd -D -e -f /dev/null -p 2222 -o ListenAddress=127.0.0.1 -o UsePAM=yes \
            -o HostKey="$1/host" -o StrictModes=no -o PidFile=none
        """

    private func signIn(_ key: String = "key") throws -> String {
        try Program.run([
            "nsenter", "--net=/run/netns/\(lab.host)", "ssh", "-p", "2222", "-i", "\(folder)/\(key)", "-o",
            "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "cordontest@127.0.0.1", "echo signed-on",
        ]).output
    }

    @Test("a key opens a session before, none while the account is locked, and one again after its order is undone")
    func keys() throws {
        let sshd = try Program(
            ["nsenter", "--net=/run/netns/\(lab.host)", "unshare", "-m", "sh", folder + "/sshd.sh", folder],
            errorsTo: folder + "/sshd.log")
        let fleet = try Enrolled(lab.scratch, settings: #"accounts = "\#(folder)/etc""#)
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        #expect(
            try enforcer.becomes(within: 20) { try signIn().contains("signed-on") },
            "\(TextFile.text(folder + "/sshd.log") ?? "")")
        let order = fleet.order(.lockAccount(AccountLocking(user: "cordontest", duration: .seconds(600))))
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(try !signIn().contains("signed-on"))
        #expect(try enforcer.execute(.unlockAccount(order.id)).outcome == .succeeded)
        #expect(try signIn().contains("signed-on"))
        withExtendedLifetime(sshd) {}
    }

    @Test("a key opens no session while it is removed, another one does, and it opens one again, its file as it was")
    func removal() throws {
        let keys = folder + "/home/.ssh/authorized_keys"
        let own = try Program.must(["cat", folder + "/key.pub"])
        let other = try Program.must(["cat", folder + "/host.pub"])
        try Program.must(["sh", "-c", #"printf '# keys\n%s\nno-pty %s' "$1" "$2" > "$0""#, keys, other, own])
        try Program.must(["touch", "-d", "2020-02-02", keys])
        let sshd = try Program(
            ["nsenter", "--net=/run/netns/\(lab.host)", "unshare", "-m", "sh", folder + "/sshd.sh", folder],
            errorsTo: folder + "/sshd.log")
        let fleet = try Enrolled(lab.scratch, settings: #"accounts = "\#(folder)/etc""#)
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        #expect(
            try enforcer.becomes(within: 20) { try signIn().contains("signed-on") },
            "\(TextFile.text(folder + "/sshd.log") ?? "")")
        // sshd reads it, which only the time of access tells.
        let all = ["sh", "-c", "stat -c '%a %u %g %s %y' $0; cat $0", keys]
        let whole = try Program.must(all)
        let print = try Program.must(["ssh-keygen", "-lf", folder + "/key.pub"]).split(separator: " ")[1]
        let removal = KeyRemoval(user: "cordontest", fingerprint: String(print))
        let first = fleet.order(.removeSSHKey(removal))
        let result = try enforcer.execute(first)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.applied.first == "removed line 3 of \(keys)")
        #expect(try !signIn().contains("signed-on"))
        #expect(try signIn("host").contains("signed-on"))
        #expect(try enforcer.status().containment.model().effects.map(\.until) == [nil], "it has no end")
        #expect(try enforcer.execute(.restoreSSHKey(first.id)).outcome == .succeeded)
        #expect(try signIn().contains("signed-on"))
        #expect(try Program.must(all) == whole)
        #expect(try enforcer.status().containment.model().effects == [])

        let second = fleet.order(.removeSSHKey(removal))
        #expect(try enforcer.execute(second).outcome == .succeeded)
        try Program.must(["sh", "-c", #"printf '\n%s\n' "$1" >> "$0""#, keys, own])
        #expect(
            try enforcer.becomes(within: 20) { try !Program.must(["cat", keys]).contains(own) },
            "what is added again goes again")
        #expect(try enforcer.execute(.restoreSSHKey(second.id)).outcome == .succeeded)
        #expect(try signIn().contains("signed-on"))
        let stranger = KeyRemoval(user: "cordontest", fingerprint: "SHA256:" + String(repeating: "a", count: 42) + "A")
        #expect(try enforcer.execute(.removeSSHKey(stranger)).outcome == .failed(code: "key.unknown"))
        withExtendedLifetime(sshd) {}
    }

    /// cron and atd, with the host's own PAM, for two accounts; nothing of the machine's own that they would run is there.
    private static let jobs = """
        set -e
        find "$1"/etc/cron* -delete
        mount --bind "$1/etc" /etc
        mount -t tmpfs tmpfs /run
        install -d -o daemon -g daemon -m 1770 "$1/spool/atjobs" "$1/spool/atspool"
        install -o daemon -g daemon -m 600 /dev/null "$1/spool/atjobs/.SEQ"
        install -d -m 1733 "$1/spool/crontabs"
        mount --bind "$1/spool" /var/spool/cron
        for name in cordontest cordonother; do
            useradd --no-create-home --home-dir / --shell /bin/sh $name
            install -d -o $name "$1/$name"
            echo "* * * * * touch $1/$name/cron" >"$1/spool/crontabs/$name"
            chown $name "$1/spool/crontabs/$name"
            chmod 600 "$1/spool/crontabs/$name"
        done
        /usr/sbin/atd -f &
        exec /usr/sbin/cron -f
        """

    @Test(
        "cron and at run nothing of a locked account, and cron does again after its order is undone; of another always",
        .enabled(
            if: unsafe access("/usr/sbin/cron", X_OK) == 0 && access("/usr/sbin/atd", X_OK) == 0,
            "needs /usr/sbin/cron and /usr/sbin/atd"))
    func jobs() throws {
        try lab.scratch.file("jobs.sh", Self.jobs)
        let cron = try Program(
            [
                "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", folder + "/jobs.sh",
                folder,
            ],
            errorsTo: folder + "/jobs.log")
        let fleet = try Enrolled(lab.scratch, settings: #"accounts = "\#(folder)/etc""#)
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let ran = { (who: String, by: String) in unsafe access("\(folder)/\(who)/\(by)", F_OK) == 0 }
        #expect(
            enforcer.becomes(within: 80) { ran("cordontest", "cron") && ran("cordonother", "cron") },
            "\(TextFile.text(folder + "/jobs.log") ?? "")")
        let space = try Program.must(["pgrep", "--parent", "\(cron.pid)"]).prefix { $0 != "\n" }
        for name in ["cordontest", "cordonother"] {
            try Program.must([
                "nsenter", "--target", String(space), "--mount", "--pid", "su", name, "-c",
                "echo touch \(folder)/\(name)/at | at now + 1 minute",
            ])
        }
        let order = fleet.order(.lockAccount(AccountLocking(user: "cordontest", duration: .seconds(900))))
        #expect(try enforcer.execute(order).outcome == .succeeded)
        try Program.must(["rm", folder + "/cordontest/cron", folder + "/cordonother/cron"])
        #expect(enforcer.becomes(within: 140) { ran("cordonother", "at") && ran("cordonother", "cron") })
        // Twice, so that what was begun in the same moment has had its time.
        try Program.must(["rm", folder + "/cordonother/cron"])
        #expect(enforcer.becomes(within: 80) { ran("cordonother", "cron") })
        #expect(!ran("cordontest", "at") && !ran("cordontest", "cron"))
        #expect(try enforcer.execute(.unlockAccount(order.id)).outcome == .succeeded)
        #expect(enforcer.becomes(within: 80) { ran("cordontest", "cron") })
    }
}
