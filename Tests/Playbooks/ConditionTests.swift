import Testing

@testable import ControllerPlaybooks

@Suite("Conditions")
struct ConditionTests {
    static let variables: [String: Variable] = [
        "__flag__": Variable(type: .bool, value: "true"), "__count__": Variable(type: .integer, value: "5"),
        "__ratio__": Variable(type: .float, value: "0.5"), "__word__": Variable(type: .string, value: "yes"),
        "__v4__": Variable(type: .ipv4, value: "10.0.0.30"), "__v6__": Variable(type: .ipv6, value: "2001:db8::1"),
        "__address__": Variable(type: .string, value: "10.0.0.30"),
        "__mac__": Variable(type: .mac, value: "BC-24-11-00-00-01"),
        "__md5__": Variable(type: .md5, value: "0313FD399B143FC40CD52A1679018305"),
        "__uuid__": Variable(type: .uuid, value: "96ABAB60-238a-44ff-8962-5806aa60cbce"),
        "__nothing__": Variable(type: .string, value: nil), "__empty__": Variable(type: .string, value: ""),
        "__should.execute.true__": Variable(type: .string, value: "yes"),
    ]

    @Test(
        "a condition has the answer that the STIX grammar and the variable's type give it",
        arguments: [
            ("__flag__:value == true", true), ("__flag__:value = false", false), ("__flag__:value", true),
            ("__flag__ == 1", true), ("__flag__.value == true", true), ("__count__:value >= 3", true),
            ("__count__:value < 5", false), ("__count__:value <> 10", true), ("__count__:value = '5'", true),
            ("__ratio__:value > 0.25", true), ("__word__:value = yes", true), ("__word__:value != '01-01-2025'", true),
            ("__should.execute.true__:value = yes", true), ("__word__:value LIKE 'y%'", true),
            ("__word__:value LIKE 'y_'", false), ("__word__:value NOT LIKE 'n%'", true),
            ("__word__:value IN ('no', 'yes')", true), ("__word__:value NOT IN ('no', 'yes')", false),
            ("__v4__:value IN 10.0.0.0/8", true), ("__v4__:value IN ('10.30.0.0/16')", false),
            ("__v4__:value ISSUBSET '10.0.0.0/24'", true), ("__v6__:value IN 2001:db8::1/64", true),
            ("__v6__:value ISSUBSET '0.0.0.0/0'", false), ("__address__:value ISSUBSET '0.0.0.0/0'", true),
            ("__address__:value IN ('192.0.2.0/24', '10.0.0.0/8')", true),
            ("__mac__:value = 'BC:24:11:00:00:01'", true),
            ("__md5__:value = '0313fd399b143fc40cd52a1679018305'", true),
            ("__uuid__:value = '96abab60-238A-44FF-8962-5806AA60CBCE'", true), ("EXISTS __nothing__:value", false),
            ("NOT EXISTS __nothing__:value", true), ("EXISTS __empty__:value", true),
            ("__flag__:value = false AND __count__:value = 5 OR __word__:value = 'yes'", true),
            ("__flag__:value = false AND (__count__:value = 5 OR __word__:value = 'yes')", false),
            ("__word__:value = 'it\\'s'", false), ("__count__:value = __count__:value", true),
        ])
    func answers(condition: String, expected: Bool) throws {
        #expect(try ConditionParser.parse(condition).holds(Self.variables) == expected)
    }

    @Test(
        "a comparison that cannot be made is an error, not false",
        arguments: [
            "__count__:value > 'many'", "__flag__:value = maybe", "__flag__:value > true", "__nothing__:value = 'x'",
            "__missing__:value = 'x'", "__word__:value ISSUBSET '10.0.0.0/8'", "__word__:value", "__mac__:value = 'zz'",
            "__word__:value MATCHES 'y.*'", "__flag__:value = true OR __missing__:value = 'x'",
        ])
    func errors(condition: String) throws {
        let parsed = try ConditionParser.parse(condition)
        #expect(throws: Condition.EvaluationError.self) { try parsed.holds(Self.variables) }
    }

    @Test(
        "what is no condition is refused with its place",
        arguments: [
            "", "__x__:value =", "__x__:value = 'open", "= 1", "__x__:value = 1 extra", "(__x__:value = 1",
            "__x__:value ! 1",
            "$$x$$ == 1", "__x__:value IN ()", "NOT __x__:value = 1", "__x__:other = 1", "__x__:value AND",
            "'a' IN 'b' 'c'",
            String(repeating: "(", count: 100) + "__x__:value" + String(repeating: ")", count: 100),
            "__x__:value = '" + String(repeating: "a", count: 9000) + "'",
        ])
    func refusals(text: String) {
        #expect(throws: ConditionParser.SyntaxError.self) { try ConditionParser.parse(text) }
    }
}
