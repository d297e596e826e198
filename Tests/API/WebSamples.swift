import ControllerWeb
import CordonModel

/// Pages full of what a bad night brings, hostile names among it.
enum WebSamples {
    static let now = Timestamp(rfc3339: "2026-11-21T01:32:47Z") ?? Timestamp(seconds: 0)

    static func before(_ seconds: Int64) -> Moment { Moment(now - .seconds(seconds), now: now) }
    static func after(_ seconds: Int64) -> Moment { Moment(now + .seconds(seconds), now: now) }

    static func frame(_ title: String, _ place: Frame.Place? = nil, waiting: Int = 0, notice: String? = nil) -> Frame {
        Frame(
            title: title, fleet: "acme",
            person: Frame.Person(name: "mia", role: "responder", token: "form-token", waiting: waiting, place: place),
            notice: notice.flatMap { Notice(named: $0) }, rendered: Moment(now, now: now)
        )
    }

    static func decision(inCase: Bool, title: String = "SSH password guessing that got in, on web-1") -> DecisionCard {
        DecisionCard(
            taskID: "019f0000-0000-7000-8000-000000000011", question: "Isolate web-1 for 4 h?",
            explanation:
                "An address that had failed 42 times signed in as deploy. Isolation cuts every connection of the "
                + "host but the controller's; the shop's second front end stays up.",
            facts: [
                Fact("Host", "web-1"), Fact("Attacker", "203.0.113.7"), Fact("Asked by", "playbook SSH break-in"),
                Fact("May decide", "responder, administrator"),
            ],
            otherwise: .init(
                by: "By 01:45:00 UTC (in 12 min):", happens: "without an answer it counts as denied.", soon: true),
            inCase: inCase
                ? .init(
                    caseID: "019f0000-0000-7000-8000-000000000001", caseTitle: title,
                    caseSeverity: SeverityMark(.critical))
                : nil,
            form: .init(task: "019f0000-0000-7000-8000-000000000011", token: "form-token", back: "/"), whyNotYou: ""
        )
    }

    static func row(_ number: Int, _ title: String, _ severity: Severity, _ state: StateMark, who: String) -> CaseRow {
        CaseRow(
            caseID: "019f0000-0000-7000-8000-00000000000\(number)", caseTitle: title,
            caseSeverity: SeverityMark(severity),
            caseState: state, who: who, opened: before(Int64(number) * 400)
        )
    }

    static let rows = [
        row(1, "SSH password guessing that got in, on web-1", .critical, StateMark("New", .warn), who: "unassigned"),
        row(
            2, "sudo to root by an account that never did, on db-1", .high, StateMark("In progress", .calm),
            who: "assigned to mia"),
        row(3, "<script>alert(1)</script> & \"quoted\" on web-2", .high, StateMark("New", .warn), who: "unassigned"),
    ]

    static let nowPage = NowPage(
        frame: frame("Now", .now, waiting: 1, notice: "ordered"), decisions: [decision(inCase: true)], cases: rows,
        isolated: [
            HostLine(
                hostID: "019f0000-0000-7000-8000-000000000021", hostName: "db-1",
                hostState: StateMark("Isolated", .danger),
                detail: "until 05:32:47 UTC, in 4 h"
            )
        ],
        offline: [
            HostLine(
                hostID: "019f0000-0000-7000-8000-000000000022", hostName: "web-3",
                hostState: StateMark("Offline", .warn, mark: "○"),
                detail: "last seen 3 min ago"
            )
        ]
    )

    static let calmPage = NowPage(frame: frame("Now", .now), decisions: [], cases: [], isolated: [], offline: [])

    static let casesPage = CasesPage(
        frame: frame("Cases", .cases, waiting: 1),
        filters: [
            .init(path: "/cases", label: "Open", chosen: true),
            .init(path: "/cases?show=mine", label: "Mine", chosen: false),
            .init(path: "/cases?show=closed", label: "Closed", chosen: false),
            .init(path: "/cases?show=all", label: "All", chosen: false),
        ],
        cases: rows, empty: "No case is open.", more: "/cases?before=019f0000-0000-7000-8000-000000000003"
    )

    static let casePage: CasePage = {
        var page = CasePage(
            frame: frame("SSH password guessing that got in, on web-1", .cases, waiting: 1),
            caseID: "019f0000-0000-7000-8000-000000000001", caseTitle: "SSH password guessing that got in, on web-1",
            caseSeverity: SeverityMark(.critical), caseState: StateMark("In progress", .calm), who: "assigned to mia",
            opened: before(400), report: "/cases/019f0000-0000-7000-8000-000000000001/report.md",
            summary: "203.0.113.7 failed 42 times in 90 s and then signed in as deploy with a password."
        )
        page.decisions = [decision(inCase: false)]
        page.timeline = timeline
        page.work = .init(
            case: "019f0000-0000-7000-8000-000000000001", token: "form-token",
            statuses: [
                Choice(key: "new", word: "New", chosen: false),
                Choice(key: "in_progress", word: "In progress", chosen: true),
                Choice(key: "closed", word: "Closed", chosen: false),
            ],
            takes: true
        )
        page.hosts = [
            HostLine(
                hostID: "019f0000-0000-7000-8000-000000000021", hostName: "web-1",
                hostState: StateMark("Online", .good, mark: "●"), detail: "1 address blocked"
            )
        ]
        page.observables = [
            Fact("IPv4 address", "203.0.113.7"), Fact("User", "deploy\u{202E}nimda"), Fact("Host", "web-1"),
        ]
        page.tasks = [
            .init(taskState: StateMark("Waits", .warn), taskTitle: "Isolate web-1 for 4 h?", taskDetail: nil),
            .init(
                taskState: StateMark("Approved", .good), taskTitle: "Block 203.0.113.7 everywhere?",
                taskDetail: "ben: no partner uses that network"
            ),
        ]
        page.alerts = [alert]
        page.alertCount = "1"
        return page
    }()

    static let alert = CasePage.AlertFold(
        alertID: "019f0000-0000-7000-8000-000000000031", alertTitle: "Sign-in after 42 failures from 203.0.113.7",
        alertSeverity: SeverityMark(.critical), rule: "SSH sign-in after guessing (cordon.sshd.breakin)",
        techniques: "T1110.001, T1078", alertHost: "web-1", times: "43 events", last: before(390),
        evidence: [
            "Nov 21 01:25:58 web-1 sshd[4242]: Failed password for invalid user <img src=x onerror=alert(1)> from 203.0.113.7 port 40112 ssh2",
            "Nov 21 01:26:10 web-1 sshd[4250]: Failed password for deploy from 203.0.113.7 port 40120 ssh2",
            "Nov 21 01:26:17 web-1 sshd[4251]: Accepted password for deploy from 203.0.113.7 port 40122 ssh2",
        ],
        evidenceCount: "3 of 43 lines", unfolded: true
    )

    static let timeline: [CasePage.Entry] = [
        .init(
            at: before(20), state: StateMark("Decision asked for", .warn), actor: "playbook SSH break-in",
            sentence: "Isolate web-1 for 4 h?"
        ),
        .init(
            at: before(150), state: StateMark("Note", .calm, mark: "✎"), actor: "mia",
            sentence: "Called the owner: nobody of the team signs in from there.\nShe agrees to the isolation."
        ),
        .init(
            at: before(380), state: StateMark("Order succeeded", .good), actor: "web-1",
            sentence: "Block 203.0.113.7 for 24 h: in force after 2.4 ms, 1 socket reset, 4 of 4 probes held."
        ),
        .init(
            at: before(382), state: StateMark("Order queued", .calm), actor: "playbook SSH break-in",
            sentence: "Block 203.0.113.7 for 24 h on web-1."
        ),
        .init(
            at: before(390), state: StateMark("Alert", .danger, mark: "◆"), actor: "web-1",
            sentence: "Sign-in after 42 failures from 203.0.113.7"
        ),
        .init(
            at: before(400), state: StateMark("Opened", .calm), actor: "system",
            sentence: "Opened by rule SSH break-in."),
    ]

    static let hostsPage = HostsPage(
        frame: frame("Hosts", .hosts, waiting: 1),
        hosts: [
            HostRow(
                hostID: "019f0000-0000-7000-8000-000000000021", hostName: "db-1", group: "data",
                presence: StateMark("Online", .good, mark: "●"), containment: StateMark("Isolated", .danger),
                detail: "until 05:32:47 UTC, in 4 h", system: "Debian GNU/Linux 12", version: "0.1.0", seen: before(1)
            ),
            HostRow(
                hostID: "019f0000-0000-7000-8000-000000000022", hostName: "web-1", group: "web",
                presence: StateMark("Online", .good, mark: "●"), containment: StateMark("1 block", .warn, mark: "⊘"),
                detail: "", system: "Ubuntu 24.04.3 LTS", version: "0.1.0",
                upgrading: StateMark("Fetching", .warn), seen: before(3)
            ),
            HostRow(
                hostID: "019f0000-0000-7000-8000-000000000023", hostName: "web-3", group: nil,
                presence: StateMark("Offline", .warn, mark: "○"), containment: StateMark("Free", .calm),
                detail: "", system: "Debian GNU/Linux 12", version: "0.1.0", seen: before(190)
            ),
        ],
        tally: "3 hosts: 2 online, 1 isolated."
    )

    static let hostPage: HostPage = {
        var page = HostPage(
            frame: frame("db-1", .hosts, waiting: 1), hostID: "019f0000-0000-7000-8000-000000000021", hostName: "db-1",
            presence: StateMark("Online", .good, mark: "●"), containment: StateMark("Isolated", .danger),
            seen: before(1),
            isolation: .init(until: after(14_380)),
            blocks: [
                .init(
                    network: "203.0.113.7", until: after(86_000),
                    unblock: .init(
                        host: "019f0000-0000-7000-8000-000000000021", token: "form-token",
                        order: "019f0000-0000-7000-8000-000000000044", target: "203.0.113.7/32"
                    )
                )
            ],
            whyNoForms: ""
        )
        page.facts = [
            Fact("System", "Debian GNU/Linux 12 (bookworm)"), Fact("Kernel", "6.18.5-amd64"), Fact("Agent", "0.1.0"),
            Fact("Enforcer", "0.1.0"), Fact("Group", "data"), Fact("Enrolled", "2026-11-03 08:12:00 UTC"),
            Fact("Firewall tables", "owned and persistent"), Fact("Local policy", "9f86d081884c7d65"),
        ]
        page.orderForms = .init(
            host: "019f0000-0000-7000-8000-000000000021", token: "form-token",
            releaseOrder: "019f0000-0000-7000-8000-000000000041", isolateOrder: "019f0000-0000-7000-8000-000000000042",
            blockOrder: "019f0000-0000-7000-8000-000000000043", isolatedNow: true,
            durations: [
                HostPage.Span(.seconds(900)), HostPage.Span(.seconds(3600)),
                HostPage.Span(.seconds(14_400), chosen: true),
            ]
        )
        page.orders = orders
        return page
    }()

    static let orders: [HostPage.OrderFold] = {
        var isolate = HostPage.OrderFold(
            orderID: "019f0000-0000-7000-8000-000000000051", orderState: StateMark(OrderState.succeeded),
            what: "Isolate for 4 h", asked: before(21), by: "playbook:019f0000",
            reason: "Approved by mia: owner agrees",
            answer: "Isolated until 2026-11-21T05:32:27Z."
        )
        isolate.probes = [
            .init(probe: "controller_reachable", held: StateMark(held: true), observed: "connected in 0.4 ms"),
            .init(probe: "canary_unreachable", held: StateMark(held: true), observed: "203.0.113.1:443 timed out"),
            .init(probe: "loopback_alive", held: StateMark(held: true), observed: "echoed"),
            .init(probe: "rules_in_force", held: StateMark(held: true), observed: "read back, 41 rules"),
        ]
        isolate.applied = ["table inet cordon_isolation"]
        isolate.measure = "In force after 3.1 ms; 4 sockets reset; 9 tracked flows deleted; rules 2c26b46b68ffc68f."
        isolate.unfolded = true
        let refused = HostPage.OrderFold(
            orderID: "019f0000-0000-7000-8000-000000000052", orderState: StateMark(OrderState.refused),
            what: "Block 10.0.0.0/8 for 24 h", asked: before(3000), by: "ben", reason: "scan from the inside",
            answer: "Refused by the host: protected address 10.0.0.1 (/etc/cordon/policy.d/10-site.toml:4)."
        )
        return [isolate, refused]
    }()

    static let signInPage = SignInPage(
        frame: Frame(title: "Sign in", rendered: Moment(now, now: now)), signInToken: "x", next: "/", typedName: "mia",
        refusal: .init(message: "The name or the password is wrong.", remedy: "Try again, or ask an administrator.")
    )

    static let faultPage = FaultPage(
        frame: frame("There is no such case"), status: "404 Not Found", heading: "There is no such case",
        message: "No case has the identifier 019f.", remedy: "Look for it in the list of cases.", code: "case.unknown",
        back: Link(path: "/cases", label: "All cases")
    )
}
