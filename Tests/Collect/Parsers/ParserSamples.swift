import CordonModel
import Testing

/// One line of each form, with what must come of it.
struct ParserSample: Sendable, CustomTestStringConvertible {
    var source: String
    var line: String
    var fields: EventFields
    var testDescription: String { "\(source): \(line)" }

    init(_ source: String, _ line: String, _ action: String, _ fields: EventFields = [:]) {
        self.source = source
        self.line = line
        self.fields = fields
        self.fields[.eventAction] = .text(action)
    }
}

enum ParserSamples {
    static let all = accounts + cron + systemd + kernel + web + webErrors

    static let accounts: [ParserSample] = [
        ParserSample(
            "su", "(to root) alice on pts/0", "su",
            [
                .userName: .text("alice"), .userEffectiveName: .text("root"), .processTTY: .text("pts/0"),
                .eventOutcome: .text("success"),
            ]),
        ParserSample(
            "su", "FAILED SU (to root) alice on pts/0", "su",
            [.userName: .text("alice"), .userEffectiveName: .text("root"), .eventOutcome: .text("failure")]),
        ParserSample(
            "su", "Successful su for root by bob", "su",
            [.userName: .text("bob"), .userEffectiveName: .text("root"), .eventOutcome: .text("success")]),
        ParserSample(
            "su", "- /dev/pts/1 bob:root", "su",
            [.userName: .text("bob"), .processTTY: .text("/dev/pts/1"), .eventOutcome: .text("failure")]),
        ParserSample(
            "su", "pam_unix(su-l:session): session opened for user root(uid=0) by alice(uid=1000)", "session_opened",
            [
                .userName: .text("alice"), .userID: .text("1000"), .userEffectiveName: .text("root"),
                .userEffectiveID: .text("0"),
            ]),
        ParserSample(
            "pam", "pam_unix(login:session): session opened for user bob(uid=1001) by (uid=0)", "session_opened",
            [.userName: .text("bob"), .userID: .text("1001")]),
        ParserSample(
            "pam", "pam_unix(passwd:chauthtok): password changed for bob", "password_changed",
            [.userTargetName: .text("bob"), .eventCategory: .texts(["iam"]), .eventType: .texts(["user", "change"])]),
        ParserSample(
            "pam", "pam_tally2(sudo:auth): user bob (1000) tally 6, deny 5", "pam_user_locked",
            [.userName: .text("bob"), .userID: .text("1000"), .eventOutcome: .text("failure")]),
        ParserSample(
            "useradd", "new user: name=bob, UID=1001, GID=1002, home=/home/bob, shell=/bin/bash, from=/dev/pts/0",
            "user_added",
            [
                .userTargetName: .text("bob"), .userTargetID: .text("1001"), .groupID: .text("1002"),
                .eventType: .texts(["user", "creation"]),
            ]),
        ParserSample(
            "useradd", "new group: name=bob, GID=1001", "group_added",
            [.groupName: .text("bob"), .groupID: .text("1001")]),
        ParserSample(
            "useradd", "add 'bob' to shadow group 'sudo'", "group_member_added",
            [.userTargetName: .text("bob"), .groupName: .text("sudo")]),
        ParserSample(
            "useradd", "delete 'bob' from group 'sudo'", "group_member_removed",
            [.userTargetName: .text("bob"), .groupName: .text("sudo")]),
        ParserSample(
            "useradd", "user bob added by root to group sudo", "group_member_added",
            [.userTargetName: .text("bob"), .userName: .text("root"), .groupName: .text("sudo")]),
        ParserSample("useradd", "delete user 'bob'", "user_deleted", [.userTargetName: .text("bob")]),
        ParserSample(
            "useradd", "removed group 'bob' owned by 'bob'", "group_deleted", [.groupName: .text("bob")]),
        ParserSample("useradd", "group 'web' removed from /etc/group", "group_deleted", [.groupName: .text("web")]),
        ParserSample(
            "useradd", "change user 'bob' shell from '/bin/sh' to '/bin/bash'", "user_changed",
            [.userTargetName: .text("bob"), .eventReason: .text("shell from '/bin/sh' to '/bin/bash'")]),
        ParserSample(
            "useradd", "change user name 'bob' to 'rob'", "user_renamed",
            [.userTargetName: .text("bob"), .userChangesName: .text("rob")]),
        ParserSample("useradd", "lock user 'bob' password", "user_locked", [.userTargetName: .text("bob")]),
        ParserSample(
            "useradd", "password for 'bob' changed by 'root'", "password_changed",
            [.userTargetName: .text("bob"), .userName: .text("root")]),
        ParserSample(
            "useradd", "changed password expiry for bob", "password_expiry_changed", [.userTargetName: .text("bob")]),
        ParserSample(
            "useradd", "group changed in /etc/group (group bob/1001, new name: rob)", "group_changed",
            [.groupName: .text("bob")]),
        ParserSample(
            "useradd", "failed adding user 'bob', data deleted", "account_message", [.eventOutcome: .text("failure")]),
        ParserSample(
            "logind", "New session 5 of user alice.", "session_started", [.userName: .text("alice")]),
        ParserSample("logind", "Removed session 5.", "session_ended"),
    ]

    static let cron: [ParserSample] = [
        ParserSample(
            "cron", "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)", "cron_command",
            [
                .userName: .text("root"), .processCommandLine: .text("cd / && run-parts --report /etc/cron.hourly"),
                .eventType: .texts(["start"]),
            ]),
        ParserSample(
            "cron", "(bob) CMD (echo \") CMD (x\" (y))", "cron_command",
            [.userName: .text("bob"), .processCommandLine: .text("echo \") CMD (x\" (y)")]),
        ParserSample(
            "cron", "(bob) REPLACE (alice)", "crontab_replace",
            [.userName: .text("bob"), .userTargetName: .text("alice")]),
        ParserSample("cron", "(*system*) RELOAD (/etc/crontab)", "crontab_reload", [.filePath: .text("/etc/crontab")]),
        ParserSample("cron", "(CRON) STARTUP (fork ok)", "cron_startup"),
        ParserSample(
            "cron", "(bob) AUTH (crontab command not allowed)", "crontab_refused",
            [.userName: .text("bob"), .eventOutcome: .text("failure")]),
        ParserSample("cron", "(bob) WRONG FILE OWNER (/etc/cron.d/x)", "cron_message"),
        ParserSample(
            "cron", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", "session_opened",
            [.userName: .text("root")]),
    ]

    static let systemd: [ParserSample] = [
        ParserSample(
            "systemd", "Started nginx.service - A high performance web server.", "service_started",
            [
                .serviceName: .text("nginx.service"), .serviceState: .text("running"), .eventOutcome: .text("success"),
            ]),
        ParserSample("systemd", "Started A high performance web server.", "service_started"),
        ParserSample(
            "systemd", "nginx.service: Failed with result 'exit-code'.", "service_failed",
            [.serviceName: .text("nginx.service"), .serviceState: .text("failed"), .eventOutcome: .text("failure")]),
        ParserSample(
            "systemd", "nginx.service: Main process exited, code=exited, status=1/FAILURE", "service_process_exited",
            [.serviceName: .text("nginx.service")]),
        ParserSample(
            "systemd", "nginx.service: Scheduled restart job, restart counter is at 5.", "service_restart_scheduled"),
        ParserSample("systemd", "Failed to start nginx.service - A web server.", "service_failed"),
        ParserSample("systemd", "Startup finished in 1.2s (kernel) + 2s (userspace) = 3.2s.", "systemd_message"),
    ]

    static let kernel: [ParserSample] = [
        ParserSample(
            "kernel",
            "[ 12.34] [UFW BLOCK] IN=eth0 OUT= MAC=01:02:03:04:05:06:11:12:13:14:15:16:08:00 SRC=192.0.2.7 DST=198.51.100.1 LEN=40 TOS=0x00 PREC=0x00 TTL=244 ID=54321 PROTO=TCP SPT=4455 DPT=22 WINDOW=65535 RES=0x00 SYN URGP=0",
            "packet_denied",
            [
                .ingressInterface: .text("eth0"), .sourceIP: .text("192.0.2.7"), .destinationIP: .text("198.51.100.1"),
                .sourcePort: .number(4455), .destinationPort: .number(22), .networkTransport: .text("tcp"),
                .networkNumber: .text("6"), .networkType: .text("ipv4"), .networkDirection: .text("ingress"),
                .networkBytes: .number(40), .firewallTTL: .number(244), .firewallFlags: .texts(["SYN"]),
                .destinationMAC: .text("01-02-03-04-05-06"), .sourceMAC: .text("11-12-13-14-15-16"),
                .ruleName: .text("UFW BLOCK"), .eventType: .texts(["connection", "denied"]),
            ]),
        ParserSample(
            "kernel",
            "nft-accept: IN= OUT=wlan0 SRC=2001:db8::1 DST=2001:db8::2 LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=1 PROTO=UDP SPT=53 DPT=5353 LEN=40",
            "packet_allowed",
            [
                .egressInterface: .text("wlan0"), .sourceIP: .text("2001:db8::1"), .networkBytes: .number(80),
                .networkType: .text("ipv6"), .networkDirection: .text("egress"), .firewallTTL: .number(64),
            ]),
        ParserSample(
            "kernel",
            "IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 LEN=88 PROTO=ICMP TYPE=3 CODE=3 [SRC=203.0.113.9 DST=192.0.2.7 LEN=60 PROTO=UDP SPT=1 DPT=2 ]",
            "packet_logged",
            [.sourceIP: .text("192.0.2.7"), .networkTransport: .text("icmp"), .networkBytes: .number(88)]),
        ParserSample(
            "kernel",
            "[1.5] su[1433535]: segfault at 7f1f ip 7f1f sp 7ffd error 6 in ld.so.2[7f1f+25000] likely on CPU 2",
            "process_segfault",
            [.processName: .text("su"), .processPID: .number(1_433_535), .fileName: .text("ld.so.2")]),
        ParserSample(
            "kernel", "traps: a]b[[77] general protection fault ip:55 sp:7f error:0 in x[5+1]", "process_trap",
            [.processName: .text("a]b["), .processPID: .number(77)]),
        ParserSample(
            "kernel",
            "Out of memory: Killed process 77 (ja(v)a) total-vm:1kB, anon-rss:1kB, UID:33 pgtables:1kB oom_score_adj:0",
            "process_out_of_memory",
            [.processName: .text("ja(v)a"), .processPID: .number(77), .userID: .text("33")]),
        ParserSample(
            "kernel", "device eth0 entered promiscuous mode", "promiscuous_mode_entered",
            [.ingressInterface: .text("eth0")]),
        ParserSample("kernel", "eth0: left promiscuous mode", "promiscuous_mode_left"),
        ParserSample(
            "kernel", "usb 1-1: New USB device found, idVendor=0781, idProduct=5583, bcdDevice= 1.00",
            "usb_device_found"),
        ParserSample(
            "kernel",
            "audit: type=1400 audit(1.2:3): apparmor=\"DENIED\" operation=\"open\" profile=\"cups\" name=\"/etc/x\" pid=9 comm=\"cupsd\"",
            "apparmor",
            [
                .ruleName: .text("cups"), .filePath: .text("/etc/x"), .processPID: .number(9),
                .eventOutcome: .text("failure"),
            ]),
        ParserSample(
            "kernel", "[82508.102168] wireguard: wg1: Invalid handshake initiation from 192.0.2.7:51820",
            "wireguard_handshake_refused", [.sourceIP: .text("192.0.2.7"), .sourcePort: .number(51_820)]),
        ParserSample(
            "kernel", "evil: module verification failed: signature and/or required key missing", "module_unsigned",
            [.fileName: .text("evil")]),
    ]
}
