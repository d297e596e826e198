import Glibc
import Testing

/// Why tests with real packets cannot run here; `nil` when they can.
let labObstacle: String? = {
    guard geteuid() == 0 else { return "needs root, for network namespaces" }
    guard (try? Program.run(["ip", "-V"]).status) == 0 else { return "needs iproute2" }
    guard (try? Program.run(["python3", "--version"]).status) == 0 else { return "needs python3" }
    return nil
}()

/// Three network namespaces: a host, a peer beyond it that is controller and internet at once, and a container behind
/// it.
///
///     container 10.77.0.2 -- host 10.77.0.1 | 10.66.0.1 -- peer 10.66.0.2 (controller), 10.66.0.3 (anybody)
final class Lab: Sendable {
    static let agentUser: UInt32 = 4242
    let name: String
    let scratch: Scratch

    var host: String { "\(name)-h" }
    var peer: String { "\(name)-p" }
    var container: String { "\(name)-c" }

    init() throws {
        var random = SystemRandomNumberGenerator()
        name = "cordon-t-" + String(UInt32.random(in: 0 ... .max, using: &random), radix: 36)
        scratch = try Scratch()
        try scratch.file("lab.py", Self.script)
        for space in [host, peer, container] {
            try Program.must(["ip", "netns", "add", space])
            try Program.must(["ip", "-n", space, "link", "set", "lo", "up"])
            // Without this, link-local addresses are tentative for a second or two and neighbours are not found.
            try Program.must([
                "ip", "netns", "exec", space, "sh", "-c",
                "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad",
            ])
        }
        try join(
            host, "up0", ["10.66.0.1/24", "fd66::1/64"], peer, "down0",
            ["10.66.0.2/24", "10.66.0.3/24", "fd66::2/64", "fd66::3/64"])
        try join(host, "up1", ["10.77.0.1/24", "fd77::1/64"], container, "down1", ["10.77.0.2/24", "fd77::2/64"])
        try Program.must([
            "ip", "netns", "exec", host, "sh", "-c",
            "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        ])
        for family in ["-4", "-6"] {
            let six = family == "-6"
            try Program.must([
                "ip", family, "-n", container, "route", "add", "default", "via", six ? "fd77::1" : "10.77.0.1",
            ])
            try Program.must([
                "ip", family, "-n", peer, "route", "add", six ? "fd77::/64" : "10.77.0.0/24", "via",
                six ? "fd66::1" : "10.66.0.1",
            ])
        }
    }

    deinit {
        for space in [host, peer, container] { _ = try? Program.run(["ip", "netns", "del", space]) }
    }

    private func join(
        _ a: String, _ nameA: String, _ addressesA: [String], _ b: String, _ nameB: String, _ addressesB: [String]
    ) throws {
        try Program.must(["ip", "-n", a, "link", "add", nameA, "type", "veth", "peer", "name", nameB, "netns", b])
        for (space, link, addresses) in [(a, nameA, addressesA), (b, nameB, addressesB)] {
            for address in addresses {
                let nodad = address.contains(":") ? ["nodad"] : []
                try Program.must(["ip", "-n", space, "addr", "add", address, "dev", link] + nodad)
            }
            try Program.must(["ip", "-n", space, "link", "set", link, "up"])
        }
        for (space, link) in [(a, nameA), (b, nameB)] { try awaitCarrier(space, link) }
    }

    /// The kernel notices the other end a moment later; until then neighbours are not found.
    private func awaitCarrier(_ space: String, _ link: String) throws {
        for _ in 0..<200 {
            if try Program.must(["ip", "-n", space, "-o", "link", "show", link]).contains("state UP") { return }
            usleep(20_000)
        }
        throw Program.Failure(what: "\(link) has no carrier")
    }

    /// Starts `lab.py` with these arguments in a namespace; it has printed its first line when this returns.
    func start(_ space: String, _ arguments: String...) throws -> Program {
        let program = try Program(
            ["ip", "netns", "exec", space, "python3", "-u", scratch.path + "/lab.py"] + arguments)
        guard let line = program.line(), line == "ready" else {
            throw Program.Failure(what: "\(arguments) did not start")
        }
        return program
    }

    /// Runs `lab.py` to its end and gives its last word.
    func probe(_ space: String, _ arguments: String...) throws -> String {
        let output = try Program.run(["ip", "netns", "exec", space, "python3", scratch.path + "/lab.py"] + arguments)
            .output
        return output.split(separator: "\n").last.map(String.init) ?? ""
    }

    /// What `nft` says in the host.
    @discardableResult
    func nft(_ arguments: String...) throws -> (status: Int32, output: String) {
        try Program.run(["ip", "netns", "exec", host, "nft"] + arguments)
    }

    private static let script = #"""
        import os, select, socket, sys, threading, time
        verb, args = sys.argv[1], sys.argv[2:]
        def family(a): return socket.AF_INET6 if ':' in a else socket.AF_INET
        def become(uid):
            if uid != '0': os.setgid(int(uid)); os.setuid(int(uid))
        def echo(c):
            try:
                while True:
                    d = c.recv(4096)
                    if not d: break
                    c.sendall(d)
            except OSError as e: print('end', type(e).__name__, flush=True)
        if verb == 'serve':                      # TCP echo on ports, UDP echo on 53 and 5000
            for port in args:
                s = socket.socket(socket.AF_INET6); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0); s.bind(('::', int(port))); s.listen(64)
                def loop(s=s):
                    while True: threading.Thread(target=echo, args=(s.accept()[0],), daemon=True).start()
                threading.Thread(target=loop, daemon=True).start()
            us = []
            for port in (53, 5000):
                for f, any_ in ((socket.AF_INET6, '::'), (socket.AF_INET, '0.0.0.0')):
                    u = socket.socket(f, socket.SOCK_DGRAM)
                    if f == socket.AF_INET6: u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    u.bind((any_, port)); us.append(u)
            print('ready', flush=True)
            while True:
                for u in select.select(us, [], [])[0]:
                    d, a = u.recvfrom(4096); u.sendto(d[:1000], a)
        elif verb == 'tcp':                      # ADDRESS PORT UID SOURCE: ok, or what happened
            become(args[2] if len(args) > 2 else '0')
            s = socket.socket(family(args[0])); s.settimeout(1.5)
            if len(args) > 3: s.bind((args[3], 0))
            try:
                s.connect((args[0], int(args[1]))); s.sendall(b'x'); print('ok' if s.recv(1) == b'x' else 'eof')
            except OSError as e: print(type(e).__name__)
        elif verb == 'dns':                      # ADDRESS NAME TCP: one query
            name = b''.join(bytes([len(l)]) + l.encode() for l in args[1].split('.'))
            q = b'\x12\x34\x01\0\0\x01' + b'\0' * 6 + name + b'\0\0\x01\0\x01'
            tcp = len(args) > 2
            if tcp: q = len(q).to_bytes(2, 'big') + q
            s = socket.socket(family(args[0]), socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM); s.settimeout(1.5)
            try:
                s.connect((args[0], 53))
                # Of a rejected packet the sender hears at once that it was dropped, or later why.
                try: s.sendall(q)
                except PermissionError: pass
                print('ok' if s.recv(4096) else 'eof')
            except OSError as e: print(type(e).__name__)
        elif verb == 'udp':                      # ADDRESS PORT BYTES SOURCE UID
            become(args[4] if len(args) > 4 else '0')
            s = socket.socket(family(args[0]), socket.SOCK_DGRAM); s.settimeout(1.5)
            if len(args) > 3 and args[3] != '-': s.bind((args[3], 0))
            size = int(args[2]) if len(args) > 2 else 1
            try: s.sendto(b'x' * size, (args[0], int(args[1]))); s.recvfrom(10); print('ok')
            except OSError as e: print(type(e).__name__)
        elif verb == 'hold':                     # ADDRESS PORT UID: a line in asks for an echo
            become(args[2] if len(args) > 2 else '0')
            s = socket.socket(family(args[0])); s.connect((args[0], int(args[1]))); s.sendall(b'a'); s.recv(1)
            print('ready', flush=True)
            s.settimeout(3.0)
            try:
                while True:
                    r = select.select([s, 0], [], [], 0.1)[0]
                    if 0 in r:
                        os.read(0, 100); s.sendall(b'q'); print('alive' if s.recv(1) == b'q' else 'eof', flush=True)
                    elif s in r:
                        if not s.recv(100): print('eof', flush=True); break
                    elif len(args) > 3: s.sendall(b'k'); s.recv(1)
            except OSError as e: print(type(e).__name__, flush=True)
        elif verb == 'raw':                      # INTERFACE: one frame by a packet socket
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((args[0], 0))
            ip = bytes.fromhex('45000020000100004011' + '0000' + '0a4200010a420003')
            udp = b'\x13\x88\x13\x88\x00\x0c\x00\x00EXFIL'
            try: s.send(b'\xff' * 6 + b'\x02' * 6 + b'\x08\x00' + ip + udp); print('sent')
            except OSError as e: print(type(e).__name__)
        elif verb == 'rawip':                    # ADDRESS: one raw IP packet with its own header
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            ip = bytes.fromhex('45000020000100004011' + '0000' + '0a420001') + socket.inet_aton(args[0])
            try: s.sendto(ip + b'\x13\x88\x13\x88\x00\x0c\x00\x00EXFIL', (args[0], 0)); print('sent')
            except OSError as e: print(type(e).__name__)
        elif verb == 'sniff':                    # prints EXFIL when it passes, end at a line in
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); print('ready', flush=True)
            while True:
                r = select.select([s, 0], [], [])[0]
                if s in r and b'EXFIL' in s.recv(4096): print('EXFIL', flush=True)
                if 0 in r: print('end', flush=True); break
        elif verb == 'bomb':                     # a tree of processes that goes on making children
            def grow(depth):
                for _ in range(2):
                    if depth and os.fork() == 0: grow(depth - 1); os._exit(0)
                while True: time.sleep(0.01)
            if os.fork() == 0: grow(4)
            print('ready', flush=True); time.sleep(600)
        elif verb == 'sleep':
            print('ready', flush=True); time.sleep(600)
        """#
}
