import CordonMatch
import CordonSigma
import CordonTesting
import Testing

@testable import ControllerRules

@Suite("Values of rules")
struct ValueTests {
    @Test(
        "Escapes are the specification's",
        arguments: [
            (#"C:\Windows\cmd.exe"#, [.literal(#"C:\Windows\cmd.exe"#)]), (#"a\\b"#, [.literal(#"a\b"#)]),
            (#"a\*b"#, [.literal("a*b")]), (#"a\?b"#, [.literal("a?b")]), (#"a\\*"#, [.literal(#"a\"#), .anyRun]),
            (#"a\\\*"#, [.literal(#"a\*"#)]), (#"a\\\b"#, [.literal(#"a\\b"#)]), (#"a\\\\b"#, [.literal(#"a\\b"#)]),
            (#"\"#, [.literal(#"\"#)]), ("*a?", [.anyRun, .literal("a"), .anyOne]), ("", []), ("**", [.anyRun]),
            ("50%_x", [.literal("50%_x")]), ("$1", [.literal("$1")]), (#"\%a%"#, [.literal(#"\%a%"#)]),
            ("*\u{301}", [.anyRun, .literal("\u{301}")]),
        ] as [(String, [SigmaText.Part])])
    func escapes(source: String, parts: [SigmaText.Part]) { #expect(SigmaText(source).parts == parts) }

    @Test(
        "With expand a percent sign has a meaning",
        arguments: [
            ("%name%", [.placeholder("name")]), ("a%name%b", [.literal("a"), .placeholder("name"), .literal("b")]),
            (#"\%plain%name%"#, [.literal("%plain"), .placeholder("name")]), ("50%", [.literal("50%")]),
            ("a % b % c", [.literal("a % b % c")]), (#"\\%n%"#, [.literal(#"\"#), .placeholder("n")]),
        ] as [(String, [SigmaText.Part])])
    func placeholders(source: String, parts: [SigmaText.Part]) {
        #expect(SigmaText(source, hasPlaceholders: true).parts == parts)
    }

    @Test("Values of a list are alternatives, entries of a map are joined")
    func lists() throws {
        #expect(try item("A: [x, y]") == .any([try item("A: x"), try item("A: y")]))
        #expect(try condition("s: {A: x, B: y}\ncondition: s") == .all([try item("A: x"), try item("B: y")]))
        let maps = try condition("s:\n- A: x\n  B: y\n- C: z\ncondition: s")
        #expect(maps == .any([.all([try item("A: x"), try item("B: y")]), try item("C: z")]))
    }

    @Test("Numbers and booleans are texts as they are written")
    func scalars() throws {
        for text in ["4688", "true", "0x17", "1.50", "no", "2024-01-01"] {
            #expect(try item("A: \(text)") == .field("A", .pattern(Wildcards([.literal(text)]), isCased: false)))
        }
    }

    @Test("Null, the empty text and a text “null” are three things")
    func nothing() throws {
        #expect(try item("A: null") == .field("A", .isNull))
        #expect(try item("A:") == .field("A", .isNull))
        #expect(try item("A: ''") == .field("A", .pattern(Wildcards([]), isCased: false)))
        #expect(try item("A: 'null'") == .field("A", .pattern(Wildcards([.literal("null")]), isCased: false)))
        #expect(try item("A|neq: null") == .not(.field("A", .isNull)))
    }

    @Test("Spaces in field names do not count")
    func spaces() throws { #expect(try item("SAM User Account: x") == (try item("SAMUserAccount: x"))) }

    @Test("Keywords are looked for anywhere in the event")
    func keywords() throws {
        let evil = Condition.keyword(Wildcards([.anyRun, .literal("evil"), .anyRun]), isCased: false)
        let port = Condition.keyword(Wildcards([.anyRun, .literal("4104"), .anyRun]), isCased: false)
        #expect(try condition("k: [evil, 4104]\ncondition: k") == .any([evil, port]))
        #expect(try condition("k: evil\ncondition: k") == evil)
        #expect(try condition("k: {'|all': [evil, 4104]}\ncondition: k") == .all([evil, port]))
        #expect(try condition("k: {'|contains': evil}\ncondition: k") == evil)
        #expect(try condition("k:\n- evil\n- A: x\ncondition: k") == .any([evil, try item("A: x")]))
    }

    @Test(
        "What the specification has no meaning for is refused",
        arguments: [
            ("A: ['', null]", "Rules, Special Field Values"), ("A|contains: null", "Rules, Special Field Values"),
            ("A: []", "Rules, Lists"), ("A: {b: c}", "Rules, Maps"), ("A: [[x]]", "Rules, Lists"),
            ("A: [{b: c}]", "Rules, Lists"), ("'': null", "Rules, Special Field Values"),
            ("'': ''", "Rules, Keywords search"), ("'': '*'", "Rules, Keywords search"),
            ("'|startswith': x", "Rules, Keywords search"), ("'|re': x", "Rules, Keywords search"),
            ("'|cidr': 10.0.0.0/8", "Rules, Keywords search"),
        ])
    func refused(entry: String, place: String) { #expect(refusal(item: entry)?.place == place) }

    @Test(
        "A search identifier that is empty, null or a list of lists is refused",
        arguments: ["{}", "[]", "null", "[[a]]"])
    func identifiers(value: String) { #expect(refusal("s: \(value)\ncondition: s") != nil) }

    @Test("Names may hold what they like, so that a pattern finds them")
    func names() throws {
        #expect(
            try condition("a.conf: {A: x}\n'a b': {A: y}\ncondition: all of a*") == .all([item("A: x"), item("A: y")]))
        #expect(try condition("a.conf: {A: x}\ncondition: a.conf") == item("A: x"))
        #expect(refusal("'': {A: x}\ncondition: 1 of them")?.place == "Rules, Detection")
    }

    @Test("rules of which groups make very much are refused from the one on at which it is too much")
    func muchOfGroups() {
        let values = (0..<1000).map { "a value of many: \($0)" }
        var reading = RuleSetReading(groups: ["many": values], mostBytes: 100_000)
        for number in 0..<10 {
            let id = "0e95725d-7320-415d-80f7-004da920fc1\(number)"
            let text = document("s:\n  User|expand: '%many%'\ncondition: s")
                .replacing("0e95725d-7320-415d-80f7-004da920fc11", with: id)
            reading.read(Array(text.utf8), file: "\(number).yml")
        }
        let set = reading.finished()
        #expect((1..<5).contains(set.rules.count) && set.rules.count + set.faults.count == 10)
        #expect(set.faults.allSatisfy { $0.reason.contains("larger than 100000 bytes") })
    }
}
