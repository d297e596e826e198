internal import CordonModel
internal import CordonScan

/// A packet that a firewall's rule logs (iptables LOG, nft log, ufw): `[UFW BLOCK] IN=eth0 OUT= MAC=… SRC=192.0.2.1
/// DST=198.51.100.1 LEN=40 … PROTO=TCP SPT=1 DPT=22 … SYN URGP=0`.
///
/// All but the prefix are the kernel's words and numbers. An ICMP error has a packet of its own in brackets: the first
/// of a name counts.
enum FirewallMessage {
    /// `false` when it is no packet.
    static func read(_ text: ArraySlice<UInt8>, into event: inout Event) -> Bool {
        guard let start = start(text), text[start...].firstRange(of: " SRC=") != nil else { return false }
        event.name("iptables", dataset: "iptables.log")
        classify(prefix: text[..<start].trimmed, &event)
        var interfaces = (in: false, out: false)
        var seen: UInt32 = 0
        var words = text[start...]
        while !words.isEmpty {
            words.skipSpaces()
            let word = words.word()
            if let equals = word.firstIndex(of: UInt8(ascii: "=")) {
                let value = word[(equals + 1)...]
                guard let name = Name(word[..<equals]), seen & name.bit == 0 else { continue }
                seen |= name.bit
                if name == .ingress { interfaces.in = !value.isEmpty }
                if name == .egress { interfaces.out = !value.isEmpty }
                if !value.isEmpty { name.set(value, &event) }
            } else if seen & Name.protocol.bit != 0, flags.contains(where: { word.elementsEqual($0.utf8) }) {
                add(flag: word.string, &event)
            }
        }
        if interfaces.in != interfaces.out { event.set(.networkDirection, interfaces.in ? "ingress" : "egress") }
        return true
    }

    /// Where `IN=` stands.
    private static func start(_ text: ArraySlice<UInt8>) -> Int? {
        if text.hasPrefix("IN=") { return text.startIndex }
        if let range = text.firstRange(of: " IN=") { return range.lowerBound + 1 }
        // A prefix without a space at its end stands right before it.
        return text.firstRange(of: "IN=").flatMap { $0.lowerBound <= text.startIndex + 127 ? $0.lowerBound : nil }
    }

    private static let flags = ["SYN", "ACK", "FIN", "RST", "PSH", "URG", "ECE", "CWR"]

    private static func add(flag: String, _ event: inout Event) {
        let flags = event.texts(.firewallFlags)
        if !flags.contains(flag) { event.fields[.firewallFlags] = .texts(flags + [flag]) }
    }

    /// The prefix is the administrator's, and by custom says what became of the packet.
    private static func classify(prefix: ArraySlice<UInt8>, _ event: inout Event) {
        let upper = prefix.string.uppercased()
        let says = { (words: [String]) in words.contains { upper.contains($0) } }
        var name = prefix
        if name.take("["), name.take(last: "]") || name.take(last: "] ") { event.set(.ruleName, name) }
        if !prefix.isEmpty {
            event.set(.firewallPrefix, prefix)
            if event.fields[.ruleName] == nil { event.set(.ruleName, prefix) }
        }
        if says(["BLOCK", "DROP", "DENY", "DENIED", "REJECT", "BANNED"]) {
            event.classify(["network"], ["connection", "denied"], action: "packet_denied")
        } else if says(["ALLOW", "ACCEPT", "PASS"]) {
            event.classify(["network"], ["connection", "allowed"], action: "packet_allowed")
        } else {
            event.classify(["network"], ["connection", "info"], action: "packet_logged")
        }
    }

    /// The names that are read.
    private enum Name: UInt32, CaseIterable {
        case ingress, egress, mac, source, destination, length, ttl, `protocol`, sourcePort, destinationPort, uid

        var bit: UInt32 { 1 << rawValue }

        private static let names: [(StaticString, Name)] = [
            ("IN", .ingress), ("OUT", .egress), ("MAC", .mac), ("SRC", .source), ("DST", .destination),
            ("LEN", .length), ("TTL", .ttl), ("HOPLIMIT", .ttl), ("PROTO", .protocol), ("SPT", .sourcePort),
            ("DPT", .destinationPort), ("UID", .uid),
        ]

        private static let transports: [String: (String, String)] = [
            "TCP": ("tcp", "6"), "UDP": ("udp", "17"), "ICMP": ("icmp", "1"), "ICMPv6": ("ipv6-icmp", "58"),
            "SCTP": ("sctp", "132"), "UDPLITE": ("udplite", "136"), "ESP": ("esp", "50"), "AH": ("ah", "51"),
        ]

        init?(_ text: ArraySlice<UInt8>) {
            guard let name = Self.names.first(where: { text.count == $0.0.utf8CodeUnitCount && text.hasPrefix($0.0) })
            else { return nil }
            self = name.1
        }

        func set(_ value: ArraySlice<UInt8>, _ event: inout Event) {
            switch self {
            case .ingress: event.set(.ingressInterface, value)
            case .egress: event.set(.egressInterface, value)
            case .mac: hardware(value, &event)
            case .source:
                if let peer = Peer(value) { event.set(peer) }
                event.set(.networkType, value.contains(UInt8(ascii: ":")) ? "ipv6" : "ipv4")
            case .destination:
                event.set(.destinationAddress, value)
                if let address = IPAddress(value.string) { event.set(.destinationIP, "\(address)") }
            case .length: event.set(.networkBytes, value.decimal)
            case .ttl: event.set(.firewallTTL, value.decimal)
            case .protocol: transport(value, &event)
            case .sourcePort: event.set(.sourcePort, port(value))
            case .destinationPort: event.set(.destinationPort, port(value))
            case .uid: event.set(.userID, value.decimal.map { String($0) })
            }
        }

        private func port(_ value: ArraySlice<UInt8>) -> Int64? { value.decimal.flatMap { $0 <= 65_535 ? $0 : nil } }

        /// An Ethernet header: destination, source, type.
        private func hardware(_ value: ArraySlice<UInt8>, _ event: inout Event) {
            guard value.count == 41 else { return }
            let text = { (part: ArraySlice<UInt8>) in part.string.uppercased().replacing(":", with: "-") }
            event.set(.destinationMAC, text(value.prefix(17)))
            event.set(.sourceMAC, text(value.dropFirst(18).prefix(17)))
        }

        private func transport(_ value: ArraySlice<UInt8>, _ event: inout Event) {
            if let (name, number) = Self.transports[value.string] {
                event.set(.networkTransport, name)
                event.set(.networkNumber, number)
            } else if value.decimal != nil {
                event.set(.networkNumber, value)
            }
        }
    }
}
