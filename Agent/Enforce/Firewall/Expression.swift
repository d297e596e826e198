internal import AgentNetlink
internal import CordonModel

extension NFT {
    /// One expression of a rule: its name and how its attributes are written. Register 1 carries values; keys of several
    /// fields stand in the registers of four bytes, the first of which is number 8 and begins where register 1 does.
    struct Expression: Sendable {
        let name: String
        let fill: @Sendable (inout AttributeWriter) -> Void

        /// Loads what the kernel knows of the packet.
        static func meta(_ key: MetaKey, into register: UInt32 = 1) -> Expression {
            Expression(name: "meta") {
                $0.put(1, big: register)
                $0.put(2, big: key.rawValue)
            }
        }

        /// NFT_META_*.
        enum MetaKey: UInt32 {
            /// EtherType.
            case ethertype = 1
            case inputInterface = 4
            case outputInterface = 5
            /// Of the socket's opener; a packet without a socket matches no comparison of it.
            case socketUser = 10
            /// 2 or 10.
            case networkFamily = 15
            case transport = 16
        }

        /// Loads bytes of a header.
        static func load(
            _ base: Header, at offset: UInt32, count: UInt32, into register: UInt32 = 1
        ) -> Expression {
            Expression(name: "payload") {
                $0.put(1, big: register)
                $0.put(2, big: base.rawValue)
                $0.put(3, big: offset)
                $0.put(4, big: count)
            }
        }

        enum Header: UInt32 {
            case network = 1
            case transport = 2
            /// Behind the transport's (kernel 5.16).
            case inner = 3
        }

        /// Goes on only when register 1 equals the bytes, or differs from them.
        static func compare(_ bytes: [UInt8], equal: Bool = true) -> Expression {
            Expression(name: "cmp") {
                $0.put(1, big: UInt32(1))
                $0.put(2, big: UInt32(equal ? 0 : 1))
                $0.nest(3) { $0.put(1, bytes) }
            }
        }

        /// Keeps the bits of the mask, of at most 16 bytes, in a register.
        static func mask(_ bytes: [UInt8], in register: UInt32 = 1) -> Expression {
            Expression(name: "bitwise") {
                $0.put(1, big: register)
                $0.put(2, big: register)
                $0.put(3, big: UInt32(clamping: bytes.count))
                $0.nest(4) { $0.put(1, bytes) }
                $0.nest(5) { $0.put(1, [UInt8](repeating: 0, count: bytes.count)) }
            }
        }

        /// Loads 1 where the packet has an IPv6 extension header of that number, else 0.
        static func has(extensionHeader number: UInt8) -> Expression {
            Expression(name: "exthdr") {
                $0.put(1, big: UInt32(1))
                $0.put(2, [number])
                $0.put(3, big: UInt32(0))
                $0.put(4, big: UInt32(1))
                $0.put(5, big: UInt32(1))
                $0.put(6, big: UInt32(0))
            }
        }

        /// Puts bytes into register 1.
        static func constant(_ bytes: [UInt8]) -> Expression {
            Expression(name: "immediate") {
                $0.put(1, big: UInt32(1))
                $0.nest(2) { $0.put(1, bytes) }
            }
        }

        /// Goes on only when the set has what stands in the registers from 1 on.
        static func lookup(_ set: String) -> Expression {
            Expression(name: "lookup") {
                $0.put(1, text: set)
                $0.put(2, big: UInt32(1))
            }
        }

        /// Ends the chain.
        static func verdict(_ verdict: Verdict) -> Expression {
            Expression(name: "immediate") {
                $0.put(1, big: UInt32(0))
                $0.nest(2) { $0.nest(2) { $0.put(1, big: verdict.rawValue) } }
            }
        }

        /// Goes through another chain of the table, and on from here.
        static func jump(_ chain: String) -> Expression {
            Expression(name: "immediate") {
                $0.put(1, big: UInt32(0))
                $0.nest(2) {
                    $0.nest(2) {
                        // NFT_JUMP is -3.
                        $0.put(1, big: UInt32.max - 2)
                        $0.put(2, text: chain)
                    }
                }
            }
        }

        /// Drops and tells the packet's sender that nobody listens at the port.
        static let portUnreachable = Expression(name: "reject") {
            $0.put(1, big: UInt32(2))
            $0.put(2, [1])
        }

        /// Drops and sends the packet's sender a TCP reset.
        static let reset = Expression(name: "reject") {
            $0.put(1, big: UInt32(1))
            $0.put(2, [0])
        }
    }
}

/// Rules are put together from matches that read like nft's own words.
extension [NFT.Expression] {
    static func user(_ uid: UInt32) -> Self {
        var bytes: [UInt8] = []
        bytes.append(host: uid)
        return [.meta(.socketUser), .compare(bytes)]
    }

    /// Packets that a socket sent, whosever: the kernel's own (resets of the `reject` expression) have none.
    static var fromSocket: Self { [.meta(.socketUser), .compare([0xFF, 0xFF, 0xFF, 0xFF], equal: false)] }

    /// Loopback is always interface 1 of its network namespace.
    static var fromLoopback: Self { [.meta(.inputInterface), .compare([1, 0, 0, 0])] }
    static var toLoopback: Self { [.meta(.outputInterface), .compare([1, 0, 0, 0])] }

    /// Within inet tables.
    static func family(_ address: IPAddress) -> Self {
        [.meta(.networkFamily), .compare([address.width == 32 ? 2 : 10])]
    }
    static var v4: Self { [.meta(.networkFamily), .compare([2])] }
    static var v6: Self { [.meta(.networkFamily), .compare([10])] }

    static func ethertype(_ type: UInt16) -> Self {
        [.meta(.ethertype), .compare([UInt8(type >> 8), UInt8(truncatingIfNeeded: type)])]
    }

    /// A part of a packet that nobody has put together yet. Where connections are tracked the kernel does that early, and
    /// there are none.
    static func isFragment(isV4: Bool) -> Self {
        isV4
            // More fragments, or an offset.
            ? [.load(.network, at: 6, count: 2), .mask([0x3F, 0xFF]), .compare([0, 0], equal: false)]
            : [.has(extensionHeader: 44), .compare([1])]
    }

    static func transport(_ number: UInt8) -> Self { [.meta(.transport), .compare([number])] }
    static var tcp: Self { transport(6) }
    static var udp: Self { transport(17) }
    static var icmp: Self { transport(1) }
    static var icmp6: Self { transport(58) }

    static func source(_ address: IPAddress) -> Self {
        let bytes = address.bytes
        return [.load(.network, at: bytes.count == 4 ? 12 : 8, count: UInt32(bytes.count)), .compare(bytes)]
    }

    static func destination(_ address: IPAddress) -> Self {
        let bytes = address.bytes
        return [.load(.network, at: bytes.count == 4 ? 16 : 24, count: UInt32(bytes.count)), .compare(bytes)]
    }

    /// The first bytes of an IPv6 destination, under a mask.
    static func destination6(_ bytes: [UInt8], mask: [UInt8]) -> Self {
        [.load(.network, at: 24, count: UInt32(bytes.count)), .mask(mask), .compare(bytes)]
    }

    static func source6(_ bytes: [UInt8], mask: [UInt8]) -> Self {
        [.load(.network, at: 8, count: UInt32(bytes.count)), .mask(mask), .compare(bytes)]
    }

    /// Source and destination port at once.
    static func ports(from: UInt16, to: UInt16) -> Self {
        var bytes: [UInt8] = []
        bytes.append(big: from)
        bytes.append(big: to)
        return [.load(.transport, at: 0, count: 4), .compare(bytes)]
    }

    static func sourcePort(_ port: UInt16) -> Self {
        [.load(.transport, at: 0, count: 2), .compare([UInt8(port >> 8), UInt8(truncatingIfNeeded: port)])]
    }

    static func destinationPort(_ port: UInt16) -> Self {
        [.load(.transport, at: 2, count: 2), .compare([UInt8(port >> 8), UInt8(truncatingIfNeeded: port)])]
    }

    /// Anything but a SYN alone: no beginning of a connection.
    static var notFirstOfConnection: Self {
        [.load(.transport, at: 13, count: 1), .mask([0x12]), .compare([0x02], equal: false)]
    }

    static var resetFlag: Self { [.load(.transport, at: 13, count: 1), .mask([0x04]), .compare([0x04])] }

    /// ICMP and ICMPv6: the type.
    static func messageType(_ type: UInt8) -> Self { [.load(.transport, at: 0, count: 1), .compare([type])] }

    /// IPv6 hop limit 255: it did not cross a router (RFC 4861 §7.1).
    static var fromLink: Self { [.load(.network, at: 7, count: 1), .compare([255])] }

    static var accept: Self { [.verdict(.accept)] }
    static var drop: Self { [.verdict(.drop)] }
}
