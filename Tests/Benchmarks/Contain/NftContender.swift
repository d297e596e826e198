internal import Glibc

/// The same by `nft -f`: what a product that runs nft for each change can reach at best. No order, no signature, no
/// journal, no reset of connections, no proof: the rules alone. Its memory is the peak of the nft process.
struct NftContender {
    private let folder: String
    private let version: String

    /// `nil` where nft is not installed.
    init?(folder parent: String) throws {
        folder = "\(parent)/cordon-bench-nft-\(getpid())"
        guard Shell.run("mkdir -p \(folder) && nft --version > \(folder)/version 2>/dev/null") else {
            Shell.run("echo 'nft is not installed: its row is left out' >&2")
            return nil
        }
        version = Self.read(folder + "/version").split(separator: " ").dropFirst().first.map(String.init) ?? "?"
    }

    func measure(rounds: Int, addresses: Int) throws -> Row {
        defer { Shell.run("rm -rf \(folder)") }
        write("isolate.nft", Self.isolation)
        var isolate: [Double] = []
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            Shell.run("exec nft -f \(folder)/isolate.nft")
            isolate.append(start.elapsed)
            Shell.run("exec nft delete table inet bench_isolation")
        }
        var bulk = Self.blocks
        let elements = (0..<addresses).map { number in
            let word = 0x0B00_0000 + UInt32(truncatingIfNeeded: number) * 7
            return "\(word >> 24).\(word >> 16 & 255).\(word >> 8 & 255).\(word & 255) timeout 1h"
        }
        bulk += "add element inet bench_blocks hosts4 { \(elements.joined(separator: ", ")) }\n"
        write("bulk.nft", bulk)
        let start = ContinuousClock.now
        Shell.run("exec nft -f \(folder)/bulk.nft")
        let all = start.elapsed / 1000
        var one: [Double] = []
        for number in 0..<20 {
            let start = ContinuousClock.now
            Shell.run("exec nft add element inet bench_blocks hosts4 '{ 203.0.113.\(number) timeout 1h }'")
            one.append(start.elapsed)
        }
        let list = list(elements.map { String($0.prefix { $0 != " " }) })
        var usage = rusage()
        unsafe _ = getrusage(RUSAGE_CHILDREN.rawValue, &usage)
        return Row(
            "nft \(version)", isolate: isolate, blockOne: one, blockAll: all, list: list, rss: usage.ru_maxrss)
    }

    /// The same addresses in a set of intervals, and single addresses beside it.
    private func list(_ addresses: [String]) -> (all: Double, one: [Double]) {
        write(
            "list.nft",
            "add element inet bench_blocks nets4 { \(addresses.joined(separator: " timeout 1h, ")) timeout 1h }\n")
        let start = ContinuousClock.now
        Shell.run("exec nft -f \(folder)/list.nft")
        let all = start.elapsed / 1000
        let one = (0..<3).map { number in
            let start = ContinuousClock.now
            Shell.run("exec nft add element inet bench_blocks hosts4 '{ 203.0.114.\(number) timeout 1h }'")
            return start.elapsed
        }
        return (all, one)
    }

    private static let isolation = """
        add table inet bench_isolation
        delete table inet bench_isolation
        table inet bench_isolation {
          set ctl4 { type ipv4_addr . inet_service; elements = { 10.66.0.2 . 7443 } }
          set ctl6 { type ipv6_addr . inet_service; elements = { 2001:db8::2 . 7443 } }
          chain input { type filter hook input priority -150; policy drop;
            iif "lo" accept
            ip saddr . tcp sport @ctl4 ct state established accept
            ip6 saddr . tcp sport @ctl6 ct state established accept
            icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } ip6 hoplimit 255 accept
            udp sport 67 udp dport 68 accept
          }
          chain output { type filter hook output priority -150; policy drop;
            oif "lo" accept
            meta skuid 4242 ip daddr . tcp dport @ctl4 accept
            meta skuid 4242 ip6 daddr . tcp dport @ctl6 accept
            icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
            udp sport 68 udp dport 67 accept
            meta l4proto tcp reject with tcp reset
          }
          chain forward { type filter hook forward priority -150; policy drop; }
        }

        """

    private static let blocks = """
        table inet bench_blocks {
          set hosts4 { type ipv4_addr; flags timeout; }
          set nets4 { type ipv4_addr; flags interval, timeout; }
          chain prerouting { type filter hook prerouting priority -300; policy accept;
            ip saddr @hosts4 drop
            ip saddr @nets4 drop
          }
          chain output { type filter hook output priority -150; policy accept;
            ip daddr @hosts4 drop
            ip daddr @nets4 drop
          }
        }

        """

    private func write(_ name: String, _ text: String) {
        guard let file = unsafe fopen("\(folder)/\(name)", "w") else { return }
        unsafe _ = fputs(text, file)
        unsafe _ = fclose(file)
    }

    private static func read(_ path: String) -> String {
        guard let file = unsafe fopen(path, "r") else { return "" }
        defer { unsafe _ = fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard unsafe fgets(&line, 256, file) != nil else { return "" }
        return String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
