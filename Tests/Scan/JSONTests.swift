import CordonScan
import Testing

@Suite("JSON")
struct JSONTests {
    private static let good: [(String, JSONValue)] = [
        ("null", .null), (" true ", true), ("[]", []), ("{}", .object(JSONObject())), ("-0", 0), ("12", 12),
        ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ("1.5e3", 1500), ("0.5", .number(0.5)),
        ("\"\\u00e9\\ud83d\\ude00\\n\\/\"", "é😀\n/"),
        ("{\"a\":[1,{\"b\":null}],\"c\":\"d\"}", ["a": [1, ["b": nil]], "c": "d"]),
        ("\"\u{7f}\"", "\u{7f}"), ("[1 , 2\t,\n3\r]", [1, 2, 3]),
    ]

    @Test("what is JSON is read", arguments: good)
    func reads(text: String, value: JSONValue) throws {
        #expect(try JSONValue.parse(text) == value)
    }

    private static let bad: [(String, JSONScanError.Reason, Int, Int)] = [
        ("", .syntax, 1, 1), ("nul", .syntax, 1, 1), ("[1,]", .syntax, 1, 4), ("{\"a\":1,}", .syntax, 1, 8),
        ("01", .syntax, 1, 2),
        ("1.", .syntax, 1, 3), ("[1\n,,2]", .syntax, 2, 2), ("\"a\nb\"", .syntax, 1, 3), ("\"\\x\"", .syntax, 1, 3),
        ("{\"a\":1,\n \"a\":2}", .duplicateKey, 2, 2), ("\"\\ud800\"", .encoding, 1, 2),
        ("\"\\ude00\\ud83d\"", .encoding, 1, 2),
        ("1e999", .limit, 1, 1), ("[1] 2", .syntax, 1, 5), ("{a:1}", .syntax, 1, 2), ("'a'", .syntax, 1, 1),
        ("NaN", .syntax, 1, 1),
        ("\"abc", .syntax, 1, 5), ("+1", .syntax, 1, 1), ("[", .syntax, 1, 2),
    ]

    @Test("what is not JSON is refused, with line and column", arguments: bad)
    func refuses(text: String, reason: JSONScanError.Reason, line: Int, column: Int) {
        #expect {
            _ = try JSONValue.parse(text)
        } throws: { error in
            guard let error = error as? JSONScanError else { return false }
            return error.reason == reason && error.line == line && error.column == column
        }
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func encoding(bytes: [UInt8]) {
        #expect {
            _ = try JSONValue.parse([UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")])
        } throws: { ($0 as? JSONScanError)?.reason == .encoding }
    }

    @Test("depth, size and number of values have limits")
    func limits() throws {
        let limits = JSONValue.Limits(depth: 3, bytes: 100, nodes: 10)
        #expect(try JSONValue.parse("[[[1]]]", limits: limits) == [[[1]]])
        for text in ["[[[[1]]]]", "[" + String(repeating: " ", count: 100) + "]", "[1,2,3,4,5,6,7,8,9,10]"] {
            #expect { _ = try JSONValue.parse(text, limits: limits) } throws: {
                ($0 as? JSONScanError)?.reason == .limit
            }
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect { _ = try JSONValue.parse(deep) } throws: { ($0 as? JSONScanError)?.reason == .limit }
    }

    @Test("no cut of a good text, and no flipped byte, does harm")
    func mutations() {
        let text = Array("{\"type\":\"playbook\",\"n\":[1,-2.5e7,true,null,\"\\u00e9\\\"x\"],\"o\":{\"k\":{}}}".utf8)
        var refused = 0
        for length in 0..<text.count where (try? JSONValue.parse(Array(text[..<length]))) == nil { refused += 1 }
        #expect(refused == text.count)
        for index in text.indices {
            for bit in 0..<8 {
                var bytes = text
                bytes[index] ^= 1 << bit
                if let value = try? JSONValue.parse(bytes) { #expect((try? JSONValue.parse(value.bytes())) == value) }
            }
        }
    }

    @Test("members keep their order, are found by name, and may be replaced and removed")
    func objects() throws {
        var object = JSONObject()
        for number in 0..<30 { object["key \(number)"] = .integer(Int64(number)) }
        object["key 3"] = "three"
        object["key 0"] = nil
        #expect(object.count == 29)
        #expect(object.keys.first == "key 1")
        #expect(object["key 3"] == "three" && object["key 29"] == 29 && object["key 0"] == nil)
        #expect(try JSONValue.parse("{\"a\":1,\"b\":2}") == JSONValue.parse("{\"b\":2,\"a\":1}"))
    }

    @Test(
        "pointers find what RFC 6901 says they find",
        arguments: [
            ("", nil), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/m~0n", 8), ("/foo/2", nil), ("/foo/01", nil),
            ("/none", nil),
        ] as [(String, JSONValue?)])
    func pointers(text: String, value: JSONValue?) throws {
        let document = try JSONValue.parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"m~n\":8}")
        let pointer = try #require(JSONPointer(text))
        #expect(document[pointer: pointer] == (text.isEmpty ? document : value))
        #expect(pointer.description == text)
    }

    @Test("the canonical form is that of RFC 8785")
    func canonical() throws {
        let text = """
            {"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
            "literals":[null,true,false]}
            """
        let expected = """
            {"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA'B\\"\\\\\\\\\\"/"}
            """
        #expect(try JSONValue.parse(text).json(.canonical) == expected)
        #expect(
            try JSONValue.parse("{\"\\ud83d\\ude00\":1,\"\\ufb33\":2}").json(.canonical) == "{\"😀\":1,\"\u{fb33}\":2}")
    }

    @Test(
        "numbers are written as ECMAScript does",
        arguments: [
            (1e21, "1e+21"), (1e20, "100000000000000000000"), (Double.leastNonzeroMagnitude, "5e-324"),
            (1e-6, "0.000001"), (1e-7, "1e-7"), (-0.0, "0"),
            (123.456, "123.456"), (1.7976931348623157e308, "1.7976931348623157e+308"),
            (9_007_199_254_740_992, "9007199254740992"),
        ] as [(Double, String)])
    func numbers(number: Double, text: String) {
        #expect(JSONValue.number(number).json() == text)
    }

    @Test("the indented form reads as the same value")
    func indented() throws {
        let value: JSONValue = ["a": [1, 2], "b": [:], "c": ["d": "e"]]
        #expect(
            value.json(.indented)
                == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": {\n    \"d\": \"e\"\n  }\n}")
        #expect(try JSONValue.parse(value.json(.indented)) == value)
    }
}
