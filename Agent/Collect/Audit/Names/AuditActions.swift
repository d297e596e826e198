/// What a record type or a system call means, in ECS's words. The actions are those of Elastic's audit integrations, so
/// that searches written for them hold here.
struct AuditAction: Sendable {
    var action: String?
    var category: [String]
    var type: [String]

    private init(_ action: String?, _ category: String, _ type: String) {
        self.action = action
        self.category = category.split(separator: "+").map(String.init)
        self.type = type.split(separator: "+").map(String.init)
    }

    static func ofRecord(_ type: String) -> AuditAction? {
        if let known = records[type] { return known }
        // Other anomalies are found by programs and by the kernel; they have only this in common.
        return type.hasPrefix("ANOM_") ? AuditAction(nil, "intrusion_detection", "info") : nil
    }

    static func ofCall(_ name: String?) -> AuditAction {
        name.flatMap { calls[$0] } ?? AuditAction(nil, "process", "info")
    }

    private static let records: [String: AuditAction] = {
        var table: [String: AuditAction] = [:]
        func add(_ category: String, _ type: String, _ entries: KeyValuePairs<String, String>) {
            for (record, action) in entries { table[record] = AuditAction(action, category, type) }
        }
        add(
            "authentication", "info",
            [
                "USER_AUTH": "authenticated", "USER_ACCT": "was-authorized", "USER_ERR": "error",
                "CRED_ACQ": "acquired-credentials", "CRED_DISP": "disposed-credentials",
                "CRED_REFR": "refreshed-credentials", "GRP_AUTH": "authenticated-to-group",
            ])
        add("authentication", "start", ["USER_LOGIN": "logged-in", "LOGIN": "changed-login-id-to"])
        add("authentication", "end", ["USER_LOGOUT": "logged-out"])
        add("session", "start", ["USER_START": "started-session"])
        add("session", "end", ["USER_END": "ended-session"])
        add("iam", "user+creation", ["ADD_USER": "added-user-account"])
        add("iam", "user+deletion", ["DEL_USER": "deleted-user-account"])
        add(
            "iam", "user+change",
            [
                "USER_CHAUTHTOK": "changed-password", "USER_MGMT": "modified-user-account",
                "ROLE_ASSIGN": "assigned-user-role-to", "ROLE_REMOVE": "removed-user-role-from",
            ])
        add("iam", "user+info", ["ACCT_LOCK": "locked-account", "ACCT_UNLOCK": "unlocked-account"])
        add("iam", "group+creation", ["ADD_GROUP": "added-group-account-to"])
        add("iam", "group+deletion", ["DEL_GROUP": "deleted-group-account-from"])
        add(
            "iam", "group+change",
            [
                "GRP_MGMT": "modified-group-account", "GRP_CHAUTHTOK": "changed-group-password",
            ])
        add(
            "process", "start",
            [
                "USER_CMD": "ran-command", "SERVICE_START": "started-service", "DAEMON_START": "started-audit",
            ])
        add(
            "process", "end",
            [
                "SERVICE_STOP": "stopped-service", "DAEMON_END": "shutdown-audit",
                "DAEMON_ABORT": "aborted-auditd-startup",
            ])
        add(
            "process", "change",
            [
                "DAEMON_ROTATE": "rotated-audit-logs", "DAEMON_RESUME": "resumed-audit-logging",
                "CHGRP_ID": "changed-group", "CHUSER_ID": "changed-user-id",
            ])
        add(
            "process", "info",
            [
                "CRYPTO_KEY_USER": "negotiated-crypto-key", "CRYPTO_SESSION": "started-crypto-session",
                "DAEMON_ERR": "audit-error", "KERNEL": "initialized-audit-subsystem", "TEST": "sent-test",
                "TTY": "typed", "USER_TTY": "typed", "SECCOMP": "violated-seccomp-policy",
                "SOFTWARE_UPDATE": "updated-software",
            ])
        add(
            "process+configuration", "change",
            [
                "CONFIG_CHANGE": "changed-audit-configuration", "DAEMON_CONFIG": "changed-auditd-configuration",
            ])
        add(
            "configuration", "change",
            [
                "USYS_CONFIG": "changed-configuration", "NETFILTER_CFG": "loaded-firewall-rule-to",
                "FEATURE_CHANGE": "changed-audit-feature", "MAC_CONFIG_CHANGE": "changed-selinux-boolean",
                "MAC_STATUS": "changed-selinux-enforcement", "MAC_POLICY_LOAD": "loaded-selinux-policy",
            ])
        add("host", "start", ["SYSTEM_BOOT": "booted-system"])
        add("host", "end", ["SYSTEM_SHUTDOWN": "shutdown-system"])
        add(
            "host", "change",
            [
                "SYSTEM_RUNLEVEL": "changed-to-runlevel", "TIME_ADJNTPVAL": "changed-system-time",
                "TIME_INJOFFSET": "changed-system-time",
            ])
        add("driver", "start", ["KERN_MODULE": "loaded-kernel-module"])
        add("intrusion_detection+process", "info+change", ["ANOM_PROMISCUOUS": "changed-promiscuous-mode-on-device"])
        add("process+intrusion_detection", "end+info", ["ANOM_ABEND": "crashed-program"])
        add("file+intrusion_detection", "info", ["ANOM_LINK": "used-suspicious-link"])
        return table
    }()

    private static let calls: [String: AuditAction] = {
        var table: [String: AuditAction] = [:]
        func add(_ names: String, _ action: String?, _ category: String, _ type: String) {
            for name in names.split(separator: " ") { table[String(name)] = AuditAction(action, category, type) }
        }
        add("execve execveat", "executed", "process", "start")
        add("exit_group", "end", "process", "end")
        add("kill tkill tgkill pidfd_send_signal", "killed-pid", "process", "end")
        add("ptrace process_vm_writev", "changed-memory-of", "process", "change")
        add("setuid setgid setreuid setregid setresuid setresgid", "changed-identity-of", "process", "change")
        add("connect", "connected-to", "network", "connection+start")
        add("accept accept4", "accepted-connection-from", "network", "connection+start")
        add("bind", "bound-socket", "network", "start")
        add("listen", "listen-for-connections", "network", "start")
        add("socket", "created-socket", "network", "info")
        add("sendto sendmsg sendmmsg", "sent-to", "network", "connection+info")
        add("recvfrom recvmsg recvmmsg", "received-from", "network", "connection+info")
        add("open openat openat2 readlink readlinkat", "opened-file", "file", "info")
        add("creat", "opened-file", "file", "creation")
        add("truncate ftruncate fallocate", "opened-file", "file", "change")
        add("write pwrite64 writev", "wrote-to-file", "file", "change")
        add("read pread64 readv", "read-file", "file", "info")
        add("unlink unlinkat rmdir", "deleted", "file", "deletion")
        add("rename renameat renameat2", "renamed", "file", "change")
        add("link linkat", "linked", "file", "creation")
        add("symlink symlinkat", "symlinked", "file", "creation")
        add("mkdir mkdirat", "created-directory", "file", "creation")
        add("mknod mknodat", "make-device", "file", "creation")
        add("chmod fchmod fchmodat fchmodat2", "changed-file-permissions-of", "file", "change")
        add("chown fchown fchownat lchown", "changed-file-ownership-of", "file", "change")
        add(
            "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr", "changed-file-attributes-of", "file",
            "change")
        add("utime utimes futimesat utimensat", "changed-timestamp-of", "file", "info")
        add("mount", "mounted", "file", "creation")
        add("umount umount2", "unmounted", "file", "deletion")
        add("init_module finit_module", "loaded-kernel-module", "driver", "start")
        add("delete_module", "unloaded-kernel-module", "driver", "end")
        add("adjtimex clock_adjtime clock_settime settimeofday stime", "changed-system-time", "host", "change")
        add("sethostname setdomainname", "changed-system-name", "host", "change")
        return table
    }()
}
