internal import CordonModel
internal import FoundationEssentials
internal import Testing

@Suite("Addresses, networks and endpoints")
struct AddressTests {
    @Test(
        "an address is read, and written in its canonical form (RFC 5952)",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:c000:201", "192.0.2.1"),
            ("fe80::1", "fe80::1"), ("0:0:1::", "0:0:1::"),
        ])
    func reading(_ text: String, _ canonical: String) {
        let address = IPAddress(text)
        #expect(address?.description == canonical)
        #expect(address.flatMap { IPAddress(bytes: $0.bytes) } == address)
        #expect(IPAddress(canonical) == address)
    }

    @Test(
        "what is no address is not guessed at",
        arguments: [
            "", ".", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.04", "1.2.3.", ".1.2.3",
            "1.2.3.+4",
            "0x1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1.2.3.4/32", "1.2.3.4:80", "[::1]", "fe80::1%eth0",
            "1::2::3",
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", ":1::", "1:", "1.2.3.4::",
            "1.2.3.4::1",
            "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "１.2.3.4", "example.org",
        ])
    func refusing(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("addresses of other lengths than 4 and 16 bytes are none", arguments: [0, 3, 5, 15, 17])
    func lengths(_ count: Int) {
        #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
    }

    @Test("IPv4 sorts before IPv6, and each by number")
    func order() {
        let sorted = ["9.0.0.0", "10.0.0.0", "::1", "1::", "2::"].compactMap { IPAddress($0) }
        #expect(sorted.reversed().sorted() == sorted)
    }

    @Test(
        "a network is read, and knows its first and last address",
        arguments: [
            ("192.0.2.0/24", "192.0.2.0/24", "192.0.2.255"), ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7", "192.0.2.7"), ("0.0.0.0/0", "0.0.0.0/0", "255.255.255.255"),
            ("128.0.0.0/1", "128.0.0.0/1", "255.255.255.255"),
            ("::/0", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::/32", "2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::/64", "2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff"),
            ("2001:db8::/65", "2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff"),
            ("2001:db8::1/128", "2001:db8::1", "2001:db8::1"), ("::ffff:10.0.0.0/104", "10.0.0.0/8", "10.255.255.255"),
            ("::ffff:0:0/96", "0.0.0.0/0", "255.255.255.255"),
        ])
    func networks(_ text: String, _ canonical: String, _ last: String) {
        let network = Network(text)
        #expect(network?.description == canonical)
        #expect(network?.last.description == last)
        #expect(network.map { $0.contains($0.address) && $0.contains($0.last) } == true)
        #expect(Network(canonical) == network)
    }

    @Test(
        "a network with host bits, or a prefix that is none, is not guessed at",
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
            "10.0.0.0/8/8",
            "10.0.0.0/255.0.0.0", "2001:db8::1/32", "::/129", "::/0128", "::ffff:0:0/16", "::ffff:10.0.0.0/8",
            "::ffff:10.0.0.0/129",
            "10.0.0.0 /8", "10.0.0.0/99999999999999999999",
        ])
    func badNetworks(_ text: String) {
        #expect(Network(text) == nil)
    }

    @Test(
        "a network holds its own addresses and no other family's",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "::1", false),
            ("::/0", "1.2.3.4", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::", false),
            ("2001:db8::/96", "2001:db8::ffff:ffff", true), ("2001:db8::/96", "2001:db8::1:0:0", false),
            ("1.2.3.4", "1.2.3.4", true),
        ])
    func containing(_ network: String, _ address: String, _ expected: Bool) throws {
        let network = try #require(Network(network))
        let address = try #require(IPAddress(address))
        #expect(network.contains(address) == expected)
        #expect(network.overlaps(Network(address)) == expected && Network(address).overlaps(network) == expected)
    }

    @Test("a network is made of any address in it, and of no prefix that is too long")
    func making() throws {
        let address = try #require(IPAddress("192.0.2.77"))
        #expect(Network(address, prefix: 24)?.description == "192.0.2.0/24")
        #expect(Network(address, prefix: 33) == nil && Network(address, prefix: -1) == nil)
    }

    @Test(
        "an endpoint is read in the form in which it is written",
        arguments: ["192.0.2.1:7443", "[2001:db8::1]:53", "[::]:1", "0.0.0.0:65535"])
    func endpoints(_ text: String) {
        #expect(Endpoint(text)?.description == text)
    }

    @Test(
        "another form of endpoint is not guessed at",
        arguments: [
            "", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:+80", "192.0.2.1:-1",
            "192.0.2.1:080",
            "192.0.2.1: 80", "[192.0.2.1]:80", "2001:db8::1:80", "[2001:db8::1]", "[2001:db8::1]80", "[2001:db8::1:80",
            "[]:80", "example.org:80",
        ])
    func badEndpoints(_ text: String) {
        #expect(Endpoint(text) == nil)
    }

    @Test("they are texts in JSON, and other texts are refused")
    func coding() throws {
        let network = try #require(Network("10.0.0.0/8"))
        #expect(try JSONDecoder().decode([Network].self, from: JSONEncoder().encode([network])) == [network])
        #expect(try String(decoding: JSONEncoder().encode([network.address]), as: UTF8.self) == #"["10.0.0.0"]"#)
        for text in [#"["10.0.0.1/8"]"#, #"[1]"#, #"["x"]"#] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode([Network].self, from: Data(text.utf8)) }
        }
    }
}
