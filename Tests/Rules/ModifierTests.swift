import CordonMatch
import CordonModel
import CordonSigma
import CordonTesting
import Testing

@testable import ControllerRules

@Suite("Modifiers")
struct ModifierTests {
    private func pattern(_ parts: [Wildcards.Part], isCased: Bool = false) -> Condition {
        .field("A", .pattern(Wildcards(parts), isCased: isCased))
    }

    private func literal(_ text: String, isCased: Bool = false) -> Condition {
        pattern([.literal(text)], isCased: isCased)
    }

    @Test("startswith, endswith and contains are wildcards at the ends")
    func ends() throws {
        #expect(try item("A|startswith: x") == pattern([.literal("x"), .anyRun]))
        #expect(try item("A|endswith: x") == pattern([.anyRun, .literal("x")]))
        #expect(try item("A|contains: x*y") == pattern([.anyRun, .literal("x"), .anyRun, .literal("y"), .anyRun]))
        #expect(try item("A|contains: 5") == pattern([.anyRun, .literal("5"), .anyRun]))
    }

    @Test("all joins the values, on a single one it is warned of")
    func all() throws {
        let (x, y) = (try item("A|contains: x"), try item("A|contains: y"))
        #expect(try item("A|contains|all: [x, y]") == .all([x, y]))
        #expect(try item("A|all|contains: [x, y]") == .all([x, y]))
        #expect(try item("A|contains|all: x") == x)
        #expect(read(document("s:\n  A|contains|all: x\ncondition: s")).warnings.count == 1)
    }

    @Test("cased compares as it is written")
    func cased() throws {
        #expect(try item("A|cased: Foo") == literal("Foo", isCased: true))
        #expect(try item("A|contains|cased: F") == pattern([.anyRun, .literal("F"), .anyRun], isCased: true))
    }

    @Test("neq is different from every value")
    func neq() throws {
        #expect(try item("A|neq: x") == .not(literal("x")))
        #expect(try item("A|neq: [x, y]") == .not(.any([literal("x"), literal("y")])))
        #expect(try item("A|neq: 5") == .not(literal("5")))
        #expect(try item("A|re|neq: x") == .not(.field("A", .expression(RegularExpression("x")))))
        #expect(try item("A|fieldref|neq: B") == .not(.field("A", .field("B", .whole, isCased: false))))
        #expect(try item("A|neq|contains|all: [x, y]") == .not(try item("A|contains|all: [x, y]")))
    }

    @Test("exists takes true or false and stands alone")
    func exists() throws {
        #expect(try item("A|exists: true") == .field("A", .exists(true)))
        #expect(try item("A|exists: false") == .field("A", .exists(false)))
        for entry in [
            "A|exists: 'true'", "A|exists: yes", "A|exists: [true]", "A|exists|contains: true", "'|exists': true",
        ] {
            #expect(refusal(item: entry)?.place == "Rules, Field Existence")
        }
    }

    @Test("windash writes every option in five ways")
    func windash() throws {
        let one = ["-a", "/a", "\u{2013}a", "\u{2014}a", "\u{2015}a"]
        #expect(try item("A|windash: '-a'") == .any(one.map { literal($0) }))
        #expect(
            try item("A|windash: '/a'")
                == .any(["/a", "-a", "\u{2013}a", "\u{2014}a", "\u{2015}a"].map { literal($0) }))
        guard case .any(let both) = try item("A|windash: '-a /b'") else { throw TestFailure("no alternatives") }
        #expect(both.count == 25)
        #expect(Set(both).count == 25)
        #expect(try item("A|windash: 'well-known - a/b'") == literal("well-known - a/b"))
        #expect(try item("A|contains|windash: '-a'") == (try item("A|windash|contains: '-a'")))
        guard case .all(let parts) = try item("A|windash|contains|all: ['-a', ' -b']") else {
            throw TestFailure("no all")
        }
        #expect(parts.count == 2)
        #expect(refusal(item: "A|windash: '-a -b -c -d -e -f'")?.place == "Cordon's limits")
    }

    @Test("base64 is compared as it is written")
    func base64() throws {
        #expect(try item("A|base64: foobar") == literal("Zm9vYmFy", isCased: true))
        #expect(try item("A|base64: f") == literal("Zg==", isCased: true))
        #expect(try item("A|base64: fo") == literal("Zm8=", isCased: true))
        #expect(
            try item("A|base64|contains: foobar") == pattern([.anyRun, .literal("Zm9vYmFy"), .anyRun], isCased: true))
    }

    @Test("base64offset is what stays the same at each offset")
    func offsets() throws {
        let expected = ["Zm9vYmFy", "Zvb2Jhc", "mb29iYX"]
        #expect(try item("A|base64offset: foobar") == .any(expected.map { literal($0, isCased: true) }))
    }

    @Test("utf16 comes before base64")
    func utf16() throws {
        for name in ["utf16le", "wide"] {
            #expect(try item("A|\(name)|base64: cmd") == literal("YwBtAGQA", isCased: true))
            #expect(try item("A|\(name): cmd") == literal("c\0m\0d\0"))
        }
        #expect(try item("A|utf16be|base64: cmd") == literal("AGMAbQBk", isCased: true))
        #expect(try item("A|utf16|base64: cmd") == literal("//5jAG0AZAA=", isCased: true))
        #expect(refusal(item: "A|utf16: cmd")?.place == "Modifiers, Encoding")
    }

    @Test("re is taken as it is written, with i, m and s")
    func expressions() throws {
        #expect(try item(#"A|re: 'a\*b*'"#) == .field("A", .expression(RegularExpression(#"a\*b*"#))))
        #expect(
            try item("A|re|i|m|s: x")
                == .field(
                    "A",
                    .expression(RegularExpression("x", options: [.ignoresCase, .isMultiline, .dotMatchesNewlines]))))
        #expect(try item("A|re|startswith: x|y") == .field("A", .expression(RegularExpression(#"\A(?:x|y)"#))))
        #expect(try item("A|re: 5") == .field("A", .expression(RegularExpression("5"))))
    }

    @Test("Bounds take numbers, parts of a time take bounds")
    func numbers() throws {
        #expect(try item("A|gt: 5") == .field("A", .number(.greater, 5)))
        #expect(try item("A|lte: -1.5") == .field("A", .number(.lessOrEqual, -1.5)))
        #expect(try item("A|hour: 3") == .field("A", .time(.hour, .equal, 3)))
        #expect(try item("A|hour|gte: 22") == .field("A", .time(.hour, .greaterOrEqual, 22)))
        #expect(try item("A|week|neq: 53") == .not(.field("A", .time(.week, .equal, 53))))
        #expect(try item("A|gt: [5, 6]") == .any([try item("A|gt: 5"), try item("A|gt: 6")]))
    }

    @Test("cidr takes networks of both families")
    func networks() throws {
        let network = try #require(Network("10.0.0.0/8"))
        #expect(try item("A|cidr: 10.0.0.0/8") == .field("A", .network(network)))
        #expect(try item("A|cidr: 'fe80::/10'") == .field("A", .network(try #require(Network("fe80::/10")))))
        #expect(try item("A|cidr: 192.0.2.1") == .field("A", .network(try #require(Network("192.0.2.1/32")))))
    }

    @Test("fieldref names a field")
    func fields() throws {
        #expect(try item("A|fieldref: B C") == .field("A", .field("BC", .whole, isCased: false)))
        #expect(try item("A|fieldref|endswith: B") == .field("A", .field("B", .suffix, isCased: false)))
        #expect(try item("A|fieldref|contains|cased: B") == .field("A", .field("B", .within, isCased: true)))
    }

    @Test("expand puts a group's values in, and refuses what it does not know")
    func expand() throws {
        let groups = ["Servers": ["srv*", "db-1"], "None": []]
        #expect(
            try item("A|expand: '%Servers%'", groups: groups)
                == .any([pattern([.literal("srv"), .anyRun]), literal("db-1")]))
        #expect(
            try item("A|expand|endswith: '\\%x%Servers%y'", groups: groups)
                == .any([
                    pattern([.anyRun, .literal("%xsrv"), .anyRun, .literal("y")]),
                    pattern([.anyRun, .literal("%xdb-1y")]),
                ]))
        #expect(try item("A: '%Servers%'", groups: groups) == literal("%Servers%"))
        #expect(try item("A|expand: '%None%'", groups: groups) == .any([]))
        #expect(
            try item("A|contains|expand: '%Servers%'", groups: groups)
                == (try item("A|expand|contains: '%Servers%'", groups: groups)))
        let networks = ["Nets": ["10.0.0.0/8"]]
        #expect(try item("A|expand|cidr: '%Nets%'", groups: networks) == (try item("A|cidr: 10.0.0.0/8")))
        for entry in ["A|expand: '%Unknown%'", "A|expand: 'a%Servers%%Unknown%'"] {
            #expect(refusal(item: entry, groups: groups)?.place == "Rules, Placeholders")
        }
        #expect(refusal(item: "A|base64|expand: '%Servers%'", groups: groups)?.place == "Modifiers, Encoding")
    }

    @Test(
        "A modifier that does not fit is refused, with its chapter",
        arguments: [
            ("A|near: x", "Modifiers"), ("A|Contains: x", "Modifiers"), ("A|: x", "Modifiers"),
            ("A|contains|contains: x", "Modifiers, Generic Modifiers"), ("A|gt: x", "Modifiers, Numeric Modifiers"),
            ("A|gt: '5'", "Modifiers, Numeric Modifiers"), ("A|gt|contains: 5", "Modifiers, Generic Modifiers"),
            ("A|contains|gt: 5", "Modifiers, Numeric Modifiers"), ("A|gte|hour: 5", "Modifiers, Time Modifiers"),
            ("A|hour: 24", "Modifiers, Time Modifiers"), ("A|hour: 1.5", "Modifiers, Time Modifiers"),
            ("A|hour: x", "Modifiers, Time Modifiers"), ("A|cidr: 10.0.0.1/8", "Modifiers, IP Modifiers"),
            ("A|cidr: 10.*", "Modifiers, IP Modifiers"), ("A|cidr: x", "Modifiers, IP Modifiers"),
            ("A|i: x", "Modifiers, Regular Expression"), ("A|contains|re: x", "Modifiers, Regular Expression"),
            ("A|re: '('", "Modifiers, Regular Expression"), ("A|re: ''", "Modifiers, Regular Expression"),
            ("A|base64|re: x", "Modifiers, Regular Expression"), ("A|re|base64: x", "Modifiers, Encoding"),
            ("A|re|cased: x", "Modifiers, Generic Modifiers"),
            ("A|cidr|contains: 10.0.0.0/8", "Modifiers, Generic Modifiers"),
            ("A|base64: 'a*'", "Modifiers, Encoding"), ("A|contains|base64: a", "Modifiers, Encoding"),
            ("A|base64: ''", "Modifiers, Encoding"), ("A|wide: 'a?'", "Modifiers, Encoding"),
            ("A|re|windash: x", "Modifiers, String Modifiers"), ("A|fieldref: 5", "Modifiers, Specific Modifiers"),
            ("A|fieldref: 'B*'", "Modifiers, Specific Modifiers"), ("A|gt|lt: 5", "Modifiers, Numeric Modifiers"),
            ("A|re|expand: x", "Rules, Placeholders"), ("A|hour|minute: 5", "Modifiers, Time Modifiers"),
        ])
    func refused(entry: String, place: String) {
        let found = refusal(item: entry)
        #expect(found?.place == place)
        #expect(found?.line == 8)
    }

    @Test("Every modifier of the specification is known")
    func complete() {
        let names = [
            "all", "startswith", "endswith", "contains", "exists", "cased", "neq", "windash", "re", "i", "m", "s",
            "base64",
            "base64offset", "utf16le", "utf16be", "utf16", "wide", "lt", "lte", "gt", "gte", "minute", "hour", "day",
            "week", "month", "year", "cidr", "expand", "fieldref",
        ]
        #expect(Set(names) == Set(Modifier.allCases.map(\.rawValue)))
    }
}
