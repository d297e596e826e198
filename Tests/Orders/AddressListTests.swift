import CordonModel
import CordonOrders
import Testing

@Suite("Lists of networks")
struct AddressListTests {
    private static func networks(_ text: String) -> [Network] { text.split(separator: " ").compactMap { Network($0) } }

    @Test(
        "a list is what was given, in order and apart, whatever way it is written",
        arguments: [
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8::1,10.0.0.0/8\t10.1.0.0/16\n10.0.0.0/8 # twice\r\n; nothing\n", "10.0.0.0/8 2001:db8::1"),
            ("0.0.0.0 255.255.255.255 128.0.0.0/1 ::", "0.0.0.0 128.0.0.0/1 ::"),
            (
                "0.0.0.0/0 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ::/1",
                "0.0.0.0/0 ::/1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
            ),
            ("::/0 ::1", "::/0"), ("10.0.0.0/24 10.0.1.0/24", "10.0.0.0/24 10.0.1.0/24"),
        ])
    func written(_ text: String, _ expected: String) throws {
        let list = try #require(AddressList(text))
        #expect(list.networks == Self.networks(expected) && list.count == list.networks.count)
        #expect(AddressList(list.text) == list)
        #expect(AddressList(bytes: list.bytes) == list)
    }

    @Test("any networks come back as they went in")
    func any() throws {
        var random = SystemRandomNumberGenerator()
        for round in 0..<200 {
            let networks: [Network] = (0...Int.random(in: 0...60, using: &random)).compactMap { _ in
                if Bool.random(using: &random) {
                    return Network(.v4(random.next()), prefix: Int.random(in: round % 33...32, using: &random))
                }
                let address = IPAddress.v6(high: random.next(), low: random.next())
                return Network(address, prefix: Int.random(in: round % 129...128, using: &random))
            }
            let list = try #require(AddressList(networks))
            for (left, right) in zip(list.networks, list.networks.dropFirst()) {
                #expect(left.address < right.address && !left.overlaps(right))
            }
            #expect(
                networks.allSatisfy { one in
                    list.networks.contains { $0.contains(one.address) && $0.prefix <= one.prefix }
                })
            #expect(AddressList(list.text)?.networks == list.networks)
        }
    }

    @Test(
        "what is no list is none",
        arguments: ["", "# none", "203.0.113.7/24", "203.0.113", "x", "n1:", "n1:AA==", "n1:AQAgAAA=", "n1: AQAgAAE="])
    func broken(_ text: String) { #expect(AddressList(text) == nil) }

    @Test(
        "bytes in another form than ours are refused",
        arguments: [
            // Too few, too many, a prefix too long, a place beyond the last, a number longer than need be, behind the end.
            [1], [0, 0], [1, 32, 7, 0, 0], [1, 33, 0, 0], [1, 8, 0x80, 2, 0], [1, 32, 0x87, 0, 0], [2, 0, 0, 32, 0, 0],
            [0, 2, 0, 0, 128, 0], [0x80, 0x80, 0x80, 1], [0, 1, 128] + [UInt8](repeating: 0xFF, count: 18) + [7],
            // ::ffff:0.0.0.1 means an IPv4 address.
            [0, 1, 128, 0x81, 0x80, 0x80, 0x80, 0xF0, 0xFF, 0x3F],
        ] as [[UInt8]])
    func otherForms(_ bytes: [UInt8]) { #expect(AddressList(bytes: bytes) == nil) }

    @Test("100,000 scattered addresses fit an order with room, and more than the most do not")
    func size() throws {
        let scattered = (0..<100_000).map { Network(.v4(UInt32($0) &* 42_949)) }
        let list = try #require(AddressList(scattered))
        #expect(list.count == 100_000 && list.text.utf8.count < 600_000)
        #expect(AddressList((0...AddressList.most).map { Network(.v4(UInt32($0) * 2)) }) == nil)
        #expect(AddressList(String(repeating: "x", count: AddressList.longestText + 1)) == nil)
    }
}
