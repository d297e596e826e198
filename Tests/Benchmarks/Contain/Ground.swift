internal import CordonTesting
internal import Glibc

/// Where packets come from: a host (this process's network namespace), somebody beyond it who has all the addresses that
/// are blocked, and a container behind it. Every word about a block is of packets that came or did not.
///
///     container 10.77.0.2 -- host 10.77.0.1 | 10.66.0.1 -- beyond 10.66.0.2, 203.0.113.0/24, 11.0.0.0/8, …
final class Ground {
    private let child: Child

    /// Laid out in this thread's network namespace; gone with this object.
    init(folder: String) throws {
        try Self.write(Self.script, to: "\(folder)/ground.py")
        child = try Child(["python3", "-u", "\(folder)/ground.py"])
        guard child.line(within: .seconds(30)) == "ready" else { throw TestFailure("The ground was not laid out.") }
    }

    /// Asks one thing: `in ADDRESS`, `out ADDRESS`, `forwarded ADDRESS`, `hold ADDRESS`, `held-in`, `held-out`, `count FILE EVERY`.
    func ask(_ words: String, within patience: Duration = .seconds(60)) throws -> String {
        child.write(words + "\n")
        guard let line = child.line(within: patience) else { throw TestFailure("The ground did not answer \(words).") }
        return line
    }

    /// Milliseconds from asking until a packet of the address was dropped for the first time; `nil` when none was in time.
    func untilBlocked(_ address: String, within seconds: Int, _ asking: () throws -> Void) throws -> Double? {
        guard try ask("watch \(address) \(seconds)") == "watching" else { throw TestFailure("It does not watch.") }
        let start = Self.nanoseconds
        try asking()
        let line = child.line(within: .seconds(seconds + 10)) ?? ""
        return Int64(line).map { Double($0 - start) / 1_000_000 }
    }

    /// Whether the address becomes blocked, or free, in time.
    func becomes(_ address: String, blocked: Bool, within seconds: Int) throws -> Bool {
        try Waiting.becomes(within: .seconds(seconds)) { try ask("in \(address)") == "\(blocked)" }
    }

    /// As Python's `time.monotonic_ns`.
    private static var nanoseconds: Int64 {
        var now = timespec()
        unsafe _ = clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = unsafe fopen(path, "w") else { throw TestFailure("\(path) cannot be written.") }
        defer { unsafe fclose(file) }
        let bytes = Array(text.utf8)
        guard unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count else {
            throw TestFailure("\(path) cannot be written.")
        }
    }

    private static let script = #"""
        import ctypes, os, socket, subprocess, sys, time
        libc = ctypes.CDLL(None, use_errno=True)
        def enter(space):
            if libc.setns(space, 0x40000000): raise OSError(ctypes.get_errno(), 'setns')
        def fresh():
            if libc.unshare(0x40000000): raise OSError(ctypes.get_errno(), 'unshare')
            return os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        def do(space, *lines):
            enter(space)
            for line in lines: subprocess.run(line.split(), check=True)
        def put(space, **values):
            enter(space)
            for name, value in values.items():
                with open('/proc/sys/net/' + name.replace('__', '/'), 'w') as file: file.write(value)
        host = os.open('/proc/self/ns/net', os.O_RDONLY)
        peer, container = fresh(), fresh()
        here = f'/proc/{os.getpid()}/fd/'
        for space in (host, peer, container): do(space, 'ip link set lo up')
        do(host, f'ip link add up0 type veth peer name down0 netns {here}{peer}',
           f'ip link add up1 type veth peer name down1 netns {here}{container}',
           'ip addr add 10.66.0.1/24 dev up0', 'ip -6 addr add fd66::1/64 dev up0 nodad',
           'ip addr add 10.77.0.1/24 dev up1', 'ip link set up0 up', 'ip link set up1 up',
           'ip route add default via 10.66.0.2', 'ip -6 route add default via fd66::2')
        put(host, ipv4__ip_forward='1')
        do(peer, 'ip addr add 10.66.0.2/24 dev down0', 'ip -6 addr add fd66::2/64 dev down0 nodad', 'ip link set down0 up',
           'ip route add 10.77.0.0/24 via 10.66.0.1', 'ip -6 addr add 2001:db8:7::7/128 dev lo nodad',
           *('ip route add local ' + net + ' dev lo' for net in ('11.0.0.0/8', '203.0.113.0/24', '198.51.100.0/24')))
        put(peer, ipv4__ip_nonlocal_bind='1')
        do(container, 'ip addr add 10.77.0.2/24 dev down1', 'ip link set down1 up', 'ip route add default via 10.77.0.1')
        def listening(space, family, address):
            enter(space)
            s = socket.socket(family, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
            s.bind((address, 5000)); s.settimeout(3)
            return s
        V4, V6 = socket.AF_INET, socket.AF_INET6
        at_host = {V4: listening(host, V4, '10.66.0.1'), V6: listening(host, V6, 'fd66::1')}
        at_peer = listening(peer, V4, '0.0.0.0')
        at_container = listening(container, V4, '10.77.0.2')
        enter(host); tcp = socket.create_server(('10.66.0.1', 5001)); from_host = socket.socket(V4, socket.SOCK_DGRAM)
        enter(peer)                              # what is made from here on sends from beyond the host
        def send(address, to, word):
            s = socket.socket(V6 if ':' in to else V4, socket.SOCK_DGRAM)
            s.bind((address, 0)); s.sendto(word, (to, 5000)); s.close()
        number = 0
        def heard(listener, send_all):
            # What comes before the marker, which nobody blocks: both go the same way, in order.
            global number; number += 1
            end = b'end %d' % number
            send_all(end); words = []
            while True:
                word = listener.recv(64)
                if word == end: return words
                words.append(word)
        def through(addresses, to='10.66.0.1', listener=None):
            marker = 'fd66::2' if ':' in to else '10.66.0.2'
            def send_all(end):
                for address in addresses: send(address, to, address.encode())
                send(marker, to, end)
            words = set(heard(listener or at_host[V6 if ':' in to else V4], send_all))
            return [address for address in addresses if address.encode() in words]
        def leaves(address):
            def send_all(end):
                try: from_host.sendto(b'out', (address, 5000))
                except OSError: pass
                from_host.sendto(end, ('10.66.0.2', 5000))
            return b'out' in heard(at_peer, send_all)
        def passes(a, b):
            try: a.send(b'x'); b.settimeout(0.4); return b.recv(1) == b'x'
            except OSError: return False
        def blocked(address):
            return not through([address], 'fd66::1' if ':' in address else '10.66.0.1')
        def not_forwarded(address): return through([address], '10.77.0.2', at_container) == []
        held = None
        for _ in range(200):                     # the links are not ready at once
            try:
                if not (blocked('11.0.0.1') or blocked('2001:db8:7::7') or not_forwarded('11.0.0.1')): break
            except OSError: pass
            time.sleep(0.02)
        for s in (*at_host.values(), at_peer, at_container): s.settimeout(10)
        print('ready', flush=True)
        for line in sys.stdin:
            verb, *words = line.split()
            answer = ''
            if verb == 'watch':                  # ADDRESS SECONDS: when a packet of it was dropped first, in nanoseconds
                end, answer = time.monotonic() + float(words[1]), 'never'
                print('watching', flush=True)
                while time.monotonic() < end:
                    sent = time.monotonic_ns()
                    if blocked(words[0]): answer = sent; break
                    time.sleep(0.0001)
            elif verb == 'count':                # FILE [EVERY]: how many of its addresses are blocked, and of how many
                addresses = open(words[0]).read().split()[::-1][::int(words[1]) if len(words) > 1 else 1]
                gone = 0
                for n in range(0, len(addresses), 500):
                    part = addresses[n:n + 500]
                    gone += len(part) - len(through(part))
                answer = f'{gone} {len(addresses)}'
            elif verb == 'in': answer = blocked(words[0])
            elif verb == 'out': answer = not leaves(words[0])
            elif verb == 'forwarded': answer = not_forwarded(words[0])
            elif verb == 'hold':
                client = socket.socket(); client.bind((words[0], 0)); client.connect(('10.66.0.1', 5001))
                held = (client, tcp.accept()[0]); answer = passes(*held) and passes(*held[::-1])
            elif verb == 'held-out': answer = not passes(*held[::-1])
            elif verb == 'held-in': answer = not passes(*held)
            print(str(answer).lower(), flush=True)
        """#
}
