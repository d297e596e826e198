import ControllerWeb
import CordonModel
import Testing

/// Text that would be markup, leave an attribute, or hide what it is.
private let hostile = [
    "<script>alert(1)</script>", "</title><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)", "{{frame.fleet}} {{{x}}} &amp; &lt;b&gt;", "\"\u{0301} onfocus=alert(1) autofocus x=\"",
    "<\u{0338}script>",
    "web-1\u{202E}1-bew", "a\u{2066}b\u{2069}\u{200F}", "\u{1B}[31mred\u{07}", "\u{FEFF}x\u{00AD}y\u{200B}z",
    "nul\u{0}byte",
]

@Suite("What pages make of hostile text")
struct WebRenderingTests {
    let renderer: PageRenderer

    init() throws { renderer = try PageRenderer() }

    @Test("escaped text holds no character of markup and none that is unseen", arguments: hostile)
    func escaping(text: String) {
        let html = VisibleText.escaped(text)
        #expect(!html.unicodeScalars.contains { "<>\"'".unicodeScalars.contains($0) })
        #expect(
            !html.unicodeScalars.contains {
                $0.properties.generalCategory == .format || $0.properties.generalCategory == .control
            })
        // Bytes, not characters: a combining mark joins the character before it, for Swift but not for a browser.
        for part in Array(html.utf8).split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).dropFirst() {
            #expect(["lt;", "gt;", "amp;", "quot;", "#39;"].contains { part.starts(with: $0.utf8) })
        }
    }

    @Test(
        "ordinary text stays as it is",
        arguments: ["Größe 5 µs", "ファイル", "نام\u{200C}ها", "👩\u{200D}🚒", "two\nlines\tand a tab", "e\u{0301}"]
    )
    func plain(text: String) {
        #expect(Array(VisibleText.escaped(text).unicodeScalars) == Array(text.unicodeScalars))
    }

    @Test("a page with hostile text everywhere has the same elements and attributes as one without", arguments: hostile)
    func structure(text: String) {
        func check(_ make: (String) -> some Page) {
            #expect(markup(of: renderer.html(make(text))) == markup(of: renderer.html(make("x"))))
        }
        check(Poison.casePage)
        check(Poison.hostPage)
        check(Poison.nowPage)
        check(Poison.searchPage)
        check(Poison.huntsPage)
        check(Poison.huntPage)
        check(Poison.rulesPage)
        check(Poison.upgradesPage)
        check(Poison.signingPage)
        check(Poison.passkeysPage)
        check(Poison.standingPage)
    }

    @Test("every sample page is whole: one heading, a title, no template left over, no style or script inside")
    func whole() {
        let pages = [
            renderer.html(WebSamples.nowPage), renderer.html(WebSamples.calmPage), renderer.html(WebSamples.casesPage),
            renderer.html(WebSamples.casePage), renderer.html(WebSamples.hostsPage), renderer.html(WebSamples.hostPage),
            renderer.html(WebSamples.signInPage), renderer.html(WebSamples.faultPage),
            renderer.html(Poison.searchPage("x")), renderer.html(Poison.huntsPage("x")),
            renderer.html(Poison.huntPage("x")), renderer.html(Poison.rulesPage("x")),
            renderer.html(Poison.upgradesPage("x")),
            renderer.html(Poison.signingPage("x")), renderer.html(Poison.passkeysPage("x")),
            renderer.html(Poison.standingPage("x")),
        ]
        for html in pages {
            #expect(html.hasPrefix("<!doctype html>"))
            #expect(html.contains("</html>"))
            #expect(html.split(separator: "<h1").count == 2)
            #expect(!html.contains("{{"))
            #expect(!html.contains(" style=") && !html.contains("<style") && !html.contains(" onclick"))
            #expect(html.split(separator: "<script").count == 2)
        }
    }

    @Test("every form that changes something carries the form token")
    func tokens() {
        for html in [
            renderer.html(WebSamples.nowPage), renderer.html(WebSamples.casePage), renderer.html(WebSamples.hostPage),
            renderer.html(Poison.huntsPage("form-token")), renderer.html(Poison.huntPage("form-token")),
            renderer.html(Poison.rulesPage("form-token")), renderer.html(Poison.upgradesPage("form-token")),
            renderer.html(Poison.signingPage("form-token")), renderer.html(Poison.standingPage("form-token")),
        ] {
            let forms = html.split(separator: "<form ").dropFirst()
            #expect(!forms.isEmpty)
            for form in forms where form.contains("method=\"post\"") {
                let body = form.split(separator: "</form>")[0]
                #expect(body.contains("name=\"form_token\" value=\"form-token\""))
            }
        }
    }

    @Test("every form control has a label, and every identifier stands once")
    func accessible() {
        for html in [
            renderer.html(WebSamples.nowPage), renderer.html(WebSamples.casePage), renderer.html(WebSamples.hostPage),
            renderer.html(WebSamples.signInPage), renderer.html(Poison.searchPage("x")),
            renderer.html(Poison.huntsPage("x")), renderer.html(Poison.huntPage("x")),
            renderer.html(Poison.rulesPage("x")), renderer.html(Poison.upgradesPage("x")),
            renderer.html(Poison.signingPage("x")),
            renderer.html(Poison.passkeysPage("x")), renderer.html(Poison.standingPage("x")),
        ] {
            let identifiers = attributes("id", in: html)
            #expect(Set(identifiers).count == identifiers.count)
            let labelled = Set(attributes("for", in: html))
            for tag in markup(of: html)
            where tag.hasPrefix("<textarea") || tag.hasPrefix("<select") || tag.hasPrefix("<input") {
                guard !tag.contains("type=\"hidden\"") else { continue }
                #expect(attributes("id", in: tag).allSatisfy { labelled.contains($0) } && tag.contains(" id=\""))
            }
        }
    }

    @Test(
        "an instant is told in UTC and by its distance",
        arguments: [
            (Int64(-45), "45 s ago"), (-190, "3 min ago"), (-5400, "1 h 30 min ago"), (720, "in 12 min"),
            (93_600, "in 1 d 2 h"),
        ]
    )
    func moments(offset: Int64, ago: String) {
        let moment = Moment(WebSamples.now + .seconds(offset), now: WebSamples.now)
        #expect(moment.ago == ago)
        #expect(moment.full.hasSuffix(" UTC"))
    }
}

/// All tags of a document, each with the names of its attributes, without any value that is not ours to begin with.
private func markup(of html: String) -> [String] {
    var tags: [String] = []
    var tag: String?
    var quoted = false
    for scalar in html.unicodeScalars {
        guard var open = tag else {
            if scalar == "<" { tag = "<" }
            continue
        }
        if scalar == "\"" { quoted.toggle() }
        if !quoted || scalar == "\"" || ["id", "for", "type", "name"].contains(lastName(open)) {
            open.unicodeScalars.append(scalar)
        }
        tag = open
        if scalar == ">", !quoted {
            tags.append(open)
            tag = nil
        }
    }
    return tags
}

/// The attribute whose value the unfinished tag is in.
private func lastName(_ tag: String) -> String {
    let before = tag.split(separator: "=").dropLast().last ?? ""
    return String(before.split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == "\"" }).last ?? "")
}

private func attributes(_ name: String, in html: String) -> [String] {
    html.split(separator: " \(name)=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
}

/// Pages with one text wherever the outside can put one.
private enum Poison {
    static func signingPage(_ text: String) -> SigningPage {
        SigningPage(
            frame: WebSamples.frame("Sign an order"), orderID: "1", what: text, facts: [Fact(text, text)],
            form: .init(token: text, challenge: text, passkeys: text), whyNotYou: "")
    }

    static func passkeysPage(_ text: String) -> PasskeysPage {
        PasskeysPage(
            frame: WebSamples.frame("Passkeys"), passkeys: text,
            people: [.init(approver: text, keyName: text, kind: text, until: nil)])
    }

    static func standingPage(_ text: String) -> StandingPage {
        StandingPage(
            frame: WebSamples.frame("Standing orders", .standing),
            standing: [
                .init(
                    hostID: "1", hostName: text, standingState: StateMark(text, .good), firing: text, does: text,
                    ends: WebSamples.after(1), by: text, reason: text, withdraw: .init(standingID: "2", token: text))
            ], standingTally: text, standingCut: text)
    }

    static func casePage(_ text: String) -> CasePage {
        var page = WebSamples.casePage
        page.frame.person?.name = text
        page.frame.title = text
        page.caseTitle = text
        page.who = text
        page.summary = text
        page.timeline = [.init(at: WebSamples.before(1), state: StateMark(text, .calm), actor: text, sentence: text)]
        page.observables = [Fact(text, text)]
        page.tasks = [.init(taskState: StateMark("Waits", .warn), taskTitle: text, taskDetail: text)]
        page.alerts = [
            .init(
                alertID: "1", alertTitle: text, alertSeverity: SeverityMark(.low), rule: text, techniques: text,
                alertHost: text,
                times: "1 event", last: WebSamples.before(1), evidence: [text], evidenceCount: "1 line", unfolded: true
            )
        ]
        let contained = CasePage.Containing(
            containable: text, containedHost: text, quarantine: "/hosts/1", keep: "/hosts/1")
        page.alerts[0].contained = [contained]
        page.containing = [contained]
        return page
    }

    static func hostPage(_ text: String) -> HostPage {
        var page = WebSamples.hostPage
        page.hostName = text
        page.facts = [Fact("System", text)]
        page.orderForms?.givenPath = text
        page.orderForms?.givenDigest = text
        page.orderForms?.isGiven = true
        page.blocks = [
            .init(
                network: text, until: WebSamples.after(1),
                unblock: .init(host: "1", token: text, order: "2", target: text))
        ]
        var order = HostPage.OrderFold(
            orderID: "3", orderState: StateMark(OrderState.failed), what: text, asked: WebSamples.before(1), by: text,
            reason: text,
            answer: text
        )
        order.probes = [.init(probe: text, held: StateMark(held: false), observed: text)]
        order.applied = [text]
        page.orders = [order]
        return page
    }

    static func nowPage(_ text: String) -> NowPage {
        var card = WebSamples.decision(inCase: true, title: text)
        card.question = text
        card.explanation = text
        card.facts = [Fact("Host", text)]
        card.form?.back = text
        return NowPage(
            frame: WebSamples.frame("Now", .now), decisions: [card],
            cases: [WebSamples.row(1, text, .high, StateMark("New", .warn), who: text)],
            isolated: [HostLine(hostID: "1", hostName: text, hostState: StateMark("Isolated", .danger), detail: text)],
            offline: []
        )
    }

    static func searchPage(_ text: String) -> SearchPage {
        var page = SearchPage(
            frame: WebSamples.frame(text, .search),
            form: .init(
                query: text, spans: [Choice(key: text, word: text, chosen: true)], from: text, to: text, onHost: text))
        page.tally = text
        page.older = text
        page.events = [
            .init(
                at: WebSamples.before(9), hostID: "1", hostName: text, program: text, account: text, source: text,
                line: text)
        ]
        return page
    }

    private static func hunt(_ text: String) -> HuntsPage.HuntRow {
        .init(
            huntID: "1", huntState: StateMark("Running", .warn), question: text, progress: text, found: text, by: text,
            started: WebSamples.before(9))
    }

    static func huntsPage(_ text: String) -> HuntsPage {
        HuntsPage(
            frame: WebSamples.frame("Hunts", .hunts), hunts: [hunt(text)],
            start: .init(
                token: "form-token", kinds: [Choice(key: text, word: text, chosen: true)], hints: [Fact(text, text)],
                onHost: text),
            more: text)
    }

    static func huntPage(_ text: String) -> HuntPage {
        var page = HuntPage(frame: WebSamples.frame("Hunt", .hunts), hunt: hunt(text), facts: [Fact(text, text)])
        page.cancel = .init(token: "form-token")
        page.answers = [.init(hostID: "1", hostName: text, answerState: StateMark("Failed", .danger), detail: text)]
        page.answersCut = text
        page.columns = [text]
        page.rows = [.init(hostID: "1", hostName: text, cells: [text])]
        page.later = text
        return page
    }

    static func upgradesPage(_ text: String) -> UpgradesPage {
        var page = UpgradesPage(frame: WebSamples.frame("Upgrades", .upgrades))
        page.upgrade = .init(
            version: text, upgradeState: StateMark(text, .danger), why: text, started: WebSamples.before(9),
            by: text, facts: [Fact(text, text)])
        page.rings = [
            .init(
                place: "1", ringName: text, ringState: StateMark(text, .warn), size: text,
                parts: [.init(from: "0.00", width: "100.00", partMood: "good")],
                counts: [.init(hosts: "1", countState: StateMark(text, .good))])
        ]
        page.lines = [
            .init(hostID: "1", hostName: text, inRing: text, stage: StateMark(text, .danger), detail: text)
        ]
        page.releases = [
            .init(
                releaseName: text, architecture: text, packages: text, whole: StateMark(text, .good),
                expires: WebSamples.before(9), added: WebSamples.before(9), addedBy: text)
        ]
        page.steps = [.init(step: "pause", stepWord: text, token: "form-token")]
        page.linesCut = text
        page.start = .init(token: "form-token", versions: [Choice(key: text, word: text, chosen: true)], groups: text)
        return page
    }

    static func rulesPage(_ text: String) -> RulesPage {
        var page = RulesPage(
            frame: WebSamples.frame("Rules", .rules),
            packs: [
                .init(version: "1", packName: text, contents: text, published: WebSamples.before(9), by: text)
            ])
        page.stagings = [
            .init(
                whom: text, version: text, rollBack: .init(token: "form-token", group: text),
                unstage: .init(token: "form-token", group: text))
        ]
        page.running = [.init(version: text, hosts: text)]
        page.refusals = [.init(hostID: "1", hostName: text, why: text)]
        page.history = [.init(at: WebSamples.before(9), whom: text, step: text, by: text)]
        page.assetGroups = [Fact(text, text)]
        page.stage = .init(token: "form-token", versions: [Choice(key: text, word: text, chosen: true)])
        return page
    }
}
