import CordonMatch
import CordonModel
import CordonScan
import CordonSigma
import Testing

/// Whether the condition holds of the JSON object.
private func holds(_ condition: Condition, _ json: String) throws -> Bool {
    let object = try #require(try JSONValue.parse(json).object)
    return try !SigmaEngine([rule("r", condition)]).matches(SigmaRecord(object)).isEmpty
}

@Suite("Engine")
struct EngineTests {
    @Test(
        "patterns ignore case, and stand where their wildcards let them",
        arguments: [
            ("foo", #"{"A":"FOO"}"#, true), ("foo", #"{"A":"foobar"}"#, false), ("foo*", #"{"A":"Foobar"}"#, true),
            ("foo*", #"{"A":"afoo"}"#, false), ("*/useradd", #"{"A":"/usr/sbin/useradd"}"#, true),
            ("*/useradd", #"{"A":"/useradd "}"#, false), ("*b*", #"{"A":"abc"}"#, true), ("a?c", #"{"A":"aéc"}"#, true),
            ("a?c", #"{"A":"ac"}"#, false), ("*foo*bar*", #"{"A":"xfoo--BARx"}"#, true),
            ("*foo*bar*", #"{"A":"bar foo"}"#, false), ("*", #"{"A":""}"#, true), ("", #"{"A":""}"#, true),
            ("", #"{"A":null}"#, false), ("*", #"{"A":null}"#, false), ("ÄRGER", #"{"A":"ärger"}"#, true),
            ("4688", #"{"A":4688}"#, true), ("-7", #"{"A":-7}"#, true), ("true", #"{"A":true}"#, true),
            ("x", #"{"A":["y","X"]}"#, true), ("x", #"{"A":[]}"#, false), ("1.5", #"{"A":1.5}"#, true),
            ("*a*a", #"{"A":"a"}"#, false), ("a*a", #"{"A":"a"}"#, false), ("?*", #"{"A":""}"#, false),
            ("*?é", #"{"A":"xÉ"}"#, true),
        ])
    func patterns(_ text: String, _ json: String, _ expected: Bool) throws {
        let found = try holds(has("A", text), json)
        #expect(found == expected)
    }

    @Test("cased patterns mind the case, whole or in part")
    func cased() throws {
        #expect(try holds(has("A", "Foo", isCased: true), #"{"A":"Foo"}"#))
        #expect(try !holds(has("A", "Foo", isCased: true), #"{"A":"foo"}"#))
        #expect(try !holds(has("A", "*Foo*", isCased: true), #"{"A":"a foo b"}"#))
        #expect(try holds(has("A", "*É?", isCased: true), #"{"A":"aÉx"}"#))
        #expect(try !holds(has("A", "*É?", isCased: true), #"{"A":"aéx"}"#))
    }

    @Test("null is absent or null, never empty; exists looks at presence only")
    func nothing() throws {
        for (json, isNull, isThere) in [
            ("{}", true, false), (#"{"A":null}"#, true, true), (#"{"A":""}"#, false, true),
            (#"{"A":{"b":1}}"#, false, true), (#"{"A":[]}"#, false, true), (#"{"A":["x",null]}"#, true, true),
        ] {
            #expect(try holds(.field("A", .isNull), json) == isNull, "\(json)")
            #expect(try holds(.field("A", .exists(true)), json) == isThere, "\(json)")
            #expect(try holds(.field("A", .exists(false)), json) == !isThere, "\(json)")
        }
    }

    @Test("a filter on a field that is missing does not suppress")
    func filters() throws {
        #expect(try holds(.all([has("B", "1"), .not(has("A", "*x*"))]), #"{"B":"1"}"#))
        #expect(try holds(.not(has("A", "x")), "{}"))
        #expect(try !holds(.any([]), "{}"))
        #expect(try holds(.all([]), "{}"))
    }

    @Test("numbers compare as numbers, also where the event has them as text")
    func numbers() throws {
        #expect(try holds(.field("A", .number(.greater, 5)), #"{"A":"10"}"#))
        #expect(try holds(.field("A", .number(.lessOrEqual, 5)), #"{"A":5}"#))
        #expect(try !holds(.field("A", .number(.less, 5)), #"{"A":"four"}"#))
        #expect(try !holds(.field("A", .number(.less, 5)), #"{"A":"0x1"}"#))
        #expect(try holds(.field("A", .number(.greater, -1)), #"{"A":" 0.5 "}"#))
        #expect(try !holds(.field("A", .number(.less, 5)), #"{"A":""}"#))
    }

    @Test("networks hold addresses, and nothing that only begins like one")
    func networks() throws {
        let ten = Condition.field("A", .network(try #require(Network("10.0.0.0/8"))))
        #expect(try holds(ten, #"{"A":"10.200.3.4"}"#))
        #expect(try !holds(ten, #"{"A":"11.0.0.1"}"#))
        #expect(try !holds(ten, #"{"A":"10.evil.example"}"#))
        let six = Condition.field("A", .network(try #require(Network("2001:db8::/32"))))
        #expect(try holds(six, #"{"A":"2001:DB8::1"}"#))
    }

    @Test("expressions are searched, with their options")
    func expressions() throws {
        #expect(try !holds(.field("A", .expression(RegularExpression("a.b"))), #"{"A":"a\nb"}"#))
        let dots = RegularExpression("a.b", options: .dotMatchesNewlines)
        #expect(try holds(.field("A", .expression(dots)), #"{"A":"xa\nbx"}"#))
        #expect(try !holds(.field("A", .expression(RegularExpression("FOO"))), #"{"A":"foo"}"#))
        #expect(try holds(.field("A", .expression(RegularExpression("FOO", options: .ignoresCase))), #"{"A":"foo"}"#))
        #expect(try holds(.field("A", .expression(RegularExpression("^b$", options: .isMultiline))), #"{"A":"a\nb"}"#))
    }

    @Test("a rule whose expression does not compile is named")
    func badExpression() {
        let bad = rule("bad-one", .field("A", .expression(RegularExpression("("))))
        let error = #expect(throws: SigmaError.self) { try SigmaEngine([bad]) }
        #expect(error?.message.contains("bad-one") == true)
        #expect(error?.code == "sigma.expression")
    }

    @Test("parts of times are those of UTC, weeks those of ISO 8601")
    func times() throws {
        for (text, part, value) in [
            ("2024-12-30T23:59:01+02:00", TimePart.hour, 21), ("2024-12-30 23:59:01.123", .minute, 59),
            ("2024-12-30T00:00:00Z", .week, 1), ("2021-01-03T00:00:00Z", .week, 53), ("1969-12-31T23:00:00Z", .day, 31),
            ("1969-12-31T23:00:00Z", .hour, 23), ("2024-02-29 12:00:00", .month, 2),
            ("2024-02-29 12:00:00", .year, 2024),
        ] {
            let holds = try holds(.field("A", .time(part, .equal, value)), #"{"A":"\#(text)"}"#)
            #expect(holds, "\(text) \(part)")
        }
        #expect(try !holds(.field("A", .time(.hour, .greaterOrEqual, 0)), #"{"A":"yesterday evening, late"}"#))
    }

    @Test("two absent fields are not equal, and placements are of the other's value")
    func references() throws {
        let equal = Condition.field("A", .field("B", .whole, isCased: false))
        #expect(try holds(equal, #"{"A":"X","B":"x"}"#))
        #expect(try !holds(equal, "{}"))
        #expect(try !holds(equal, #"{"A":null,"B":null}"#))
        #expect(try !holds(.field("A", .field("B", .whole, isCased: true)), #"{"A":"X","B":"x"}"#))
        #expect(try holds(.field("A", .field("B", .suffix, isCased: false)), #"{"A":"/home/x","B":"X"}"#))
        #expect(try holds(.field("A", .field("B", .prefix, isCased: false)), #"{"A":"/home/x","B":"/HOME"}"#))
        #expect(try holds(.field("A", .field("B", .within, isCased: false)), #"{"A":"abc","B":["z","B"]}"#))
    }

    @Test("keywords look everywhere, at any depth, and only at values")
    func keywords() throws {
        #expect(try holds(keyword("evil"), #"{"x":{"y":["so EVIL!"]}}"#))
        #expect(try !holds(keyword("evil"), #"{"evil":"good"}"#))
        #expect(try holds(keyword("a?c"), #"{"x":"-abc-"}"#))
        #expect(try holds(keyword("4711"), #"{"x":{"n":14711}}"#))
        #expect(try holds(.all([keyword("a1"), keyword("b2")]), #"{"x":"a1","y":"b2"}"#))
        #expect(try !holds(.all([keyword("a1"), keyword("b2")]), #"{"x":"a1"}"#))
    }

    @Test("a name that has the dots itself goes before a path, and spaces in names do not count")
    func names() throws {
        #expect(try holds(has("a.b", "lit"), #"{"a.b":"lit","a":{"b":"nested"}}"#))
        #expect(try !holds(has("a.b", "nested"), #"{"a":{"b":"nested"},"a.b":"lit"}"#))
        #expect(try holds(has("a.b", "2"), #"{"a":[{"b":1},{"b":2}]}"#))
        #expect(try holds(has("NewValue", "x"), #"{"New Value":"x"}"#))
    }

    @Test("only rules of the event's log sources are looked at, unless there is no routing")
    func routing() throws {
        let linux = LogSource(product: "linux", category: "process_creation")
        let engine = try SigmaEngine([
            rule("any", has("A", "x")), rule("linux", has("A", "x"), LogSource(product: "linux")),
            rule("windows", has("A", "x"), LogSource(product: "windows", category: "process_creation")),
            rule("creation", has("A", "x"), LogSource(category: "process_creation")),
            rule("sshd", has("A", "x"), LogSource(product: "linux", service: "sshd")),
        ])
        var record = SigmaRecord(logSources: [linux])
        record.add("A", "x")
        #expect(engine.matches(record).map(\.id) == ["any", "linux", "creation"])
        record.logSources.append(LogSource(product: "linux", service: "sshd"))
        #expect(engine.matches(record).map(\.id) == ["any", "linux", "creation", "sshd"])
        record.logSources = []
        #expect(engine.matches(record).isEmpty)
        var open = SigmaMatcher(engine, isRouting: false)
        #expect(open.matches(record).count == 5)
    }

    @Test("a match carries the rule's author")
    func authors() throws {
        var record = SigmaRecord(logSources: [LogSource()])
        record.add("A", "x")
        let match = try #require(try SigmaEngine([rule("r", has("A", "x"))]).matches(record).first)
        #expect(match.author == "Author of r")
        #expect((match.rule, match.id, match.title, match.level) == (0, "r", "Title of r", .informational))
    }

    @Test("one matcher keeps nothing of the events before")
    func independence() throws {
        var matcher = SigmaMatcher(try SigmaEngine([rule("r", .all([has("A", "x"), .not(has("B", "*y*"))]))]))
        var found: [Bool] = []
        for (a, b) in [("x", ""), ("x", "y"), ("", ""), ("x", "z")] {
            var record = SigmaRecord(logSources: [LogSource()])
            record.add("A", a)
            record.add("B", b)
            found.append(!matcher.matches(record).isEmpty)
        }
        #expect(found == [true, false, false, true])
    }
}
