/// Sends packets by every way out of a host, and listens for them beyond it.
///
///     leaks.py watch NAMES          on a line in: the ways whose packets came since the line before
///     leaks.py send NAMES OWN       on a line in: tries each of its own ways once, then says done
///
/// A packet tells its way by a word in it, or by one of its ports: 30000 and the way's place among all names.
enum LeakScript {
    static let text = #"""
        import os, select, socket, struct, subprocess, sys, threading
        verb, names = sys.argv[1], sys.argv[2].split(',')
        PORT = {name: 30000 + place for place, name in enumerate(names)}
        IPV6, HOPOPTS, DSTOPTS, BYPASS = 41, 54, 59, 20
        V4, V6, NEAR4, NEAR6 = '10.66.0.3', 'fd66::3', '10.66.0.1', 'fd66::1'
        def word(n): return b'LEAK:' + n.encode() + b';'
        def family(a): return socket.AF_INET6 if ':' in a else socket.AF_INET
        def lower(): return 'up0' if os.path.exists('/sys/class/net/up0') else 'up1'
        held = {}

        # ---- ways
        def tcp(n, address, port):
            s = socket.socket(family(address)); s.settimeout(0.4)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            s.bind(('', PORT[n])); s.connect((address, port)); s.sendall(word(n)); s.recv(100)
            return s
        def hold(n, address, port):
            try:
                if n in held: held[n].sendall(word(n)); return
            except OSError: held.pop(n).close()
            held[n] = tcp(n, address, port)
        def udp(n, address, port, count=1, options=(), bind=None):
            s = held.get(n) or socket.socket(family(address), socket.SOCK_DGRAM)
            for level, name, value in options: s.setsockopt(level, name, value)
            if bind: s.bind(bind)
            s.sendto(word(n) * count, (address, port))
        def hold_udp(n, address, port):
            if n not in held:
                s = socket.socket(family(address), socket.SOCK_DGRAM); s.connect((address, port)); held[n] = s
            held[n].send(word(n))
        def raw(n, address, protocol, head=b''):
            s = socket.socket(family(address), socket.SOCK_RAW, protocol)
            s.sendto(head + word(n), (address, 0))
        def header4(n):
            body = word(n) + bytes(100)
            return b'\x45\x00' + struct.pack('>H', 28 + len(body)) + bytes.fromhex('0001000040110000') \
                + socket.inet_aton(NEAR4) + socket.inet_aton(V4) + struct.pack('>HHHH', 5000, 5000, 8 + len(body), 0) + body
        def header6(n):
            body = word(n)
            return struct.pack('>IHBB', 6 << 28, len(body), 59, 64) + socket.inet_pton(socket.AF_INET6, NEAR6) \
                + socket.inet_pton(socket.AF_INET6, V6) + body
        def frame(n, kind, body, interface=None, bypass=False):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((interface or lower(), 0))
            if bypass: s.setsockopt(263, BYPASS, 1)
            s.send(b'\xff' * 6 + b'\x02' * 6 + struct.pack('>H', kind) + body)
        def checksum(data):
            total = sum(struct.unpack('>%dH' % (len(data) // 2), data[:len(data) // 2 * 2]))
            total += data[-1] << 8 if len(data) % 2 else 0
            while total >> 16: total = (total & 0xffff) + (total >> 16)
            return ~total & 0xffff
        def ping(n, address):
            six = ':' in address
            kind, protocol = (128, 58) if six else (8, 1)
            body = struct.pack('>BBHHH', kind, 0, 0, 7, 7) + word(n)
            if not six: body = body[:2] + struct.pack('>H', checksum(body)) + body[4:]
            raw(n, address, protocol, body[:8])if six else socket.socket(
                socket.AF_INET, socket.SOCK_RAW, 1).sendto(body, (address, 0))
        def question(n):
            return bytes.fromhex('000101000001000000000000') + bytes([len(word(n))]) + word(n) + b'\0\0\1\0\1'
        def dns(n, address):
            socket.socket(family(address), socket.SOCK_DGRAM).sendto(question(n), (address, 53))
        def as_agent(act):
            child = os.fork()
            if child == 0:
                try: os.setgid(4242); os.setuid(4242); act()
                except OSError: pass
                finally: os._exit(0)
            os.waitpid(child, 0)
        def inbound(n, address):                 # somebody outside connects to a port here, and is answered
            subprocess.run(['ip', 'netns', 'exec', os.environ['PEER'], sys.executable, '-c',
                'import socket; s = socket.socket(); s.settimeout(0.4); s.connect(("%s", %d))' % (address, PORT[n])],
                stderr=subprocess.DEVNULL)
        def listen(n):
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(('', PORT[n])); s.listen(8); held[n] = s
        def neighbour(n):                        # a solicitation to all nodes, the word in an option
            body = bytes.fromhex('87000000' + '00000000') + socket.inet_pton(socket.AF_INET6, V6)
            option = word(n).ljust(30, b'\0')
            s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
            s.setsockopt(IPV6, 18, 255)          # IPV6_MULTICAST_HOPS
            s.sendto(body + bytes([14, 4]) + option, ('ff02::1', 0, 0, socket.if_nametoindex(lower())))
        WAYS = {
            'tcp4': lambda n: tcp(n, V4, 4444), 'tcp6': lambda n: tcp(n, V6, 4444),
            'udp4': lambda n: udp(n, V4, 5000), 'udp6': lambda n: udp(n, V6, 5000),
            'dns-udp4': lambda n: dns(n, V4), 'dns-udp6': lambda n: dns(n, V6), 'dns-tcp': lambda n: tcp(n, V4, 53),
            'ping4': lambda n: ping(n, V4), 'ping6': lambda n: ping(n, V6),
            'established-tcp4': lambda n: hold(n, V4, 4444), 'established-tcp6': lambda n: hold(n, V6, 4444),
            'established-udp4': lambda n: hold_udp(n, V4, 5000), 'established-udp6': lambda n: hold_udp(n, V6, 5000),
            'raw-ip': lambda n: socket.socket(socket.AF_INET, socket.SOCK_RAW, 255).sendto(header4(n), (V4, 0)),
            'raw-gre': lambda n: raw(n, V4, 47), 'raw-sctp': lambda n: raw(n, V4, 132, bytes(12)),
            'raw-esp6': lambda n: raw(n, V6, 50),
            'packet-ipv4': lambda n: frame(n, 0x0800, header4(n)), 'packet-ipv6': lambda n: frame(n, 0x86DD, header6(n)),
            'packet-other': lambda n: frame(n, 0x88B5, word(n) + bytes(40)),
            'packet-vlan': lambda n: frame(n, 0x8100, b'\0\5\x08\0' + header4(n)),
            'packet-bypass': lambda n: frame(n, 0x0800, header4(n), bypass=True),
            'packet-arp': lambda n: frame(n, 0x0806, bytes.fromhex('0001080006040001') + bytes(20) + word(n)),
            'packet-eapol': lambda n: frame(n, 0x888E, word(n) + bytes(40)),
            'ipv6-destination-options': lambda n: udp(n, V6, 5000, options=[(IPV6, DSTOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0]))]),
            'ipv6-hop-by-hop': lambda n: udp(n, V6, 5000, options=[(IPV6, HOPOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0]))]),
            'fragments4': lambda n: udp(n, V4, 5000, count=300), 'fragments6': lambda n: udp(n, V6, 5000, count=300),
            'multicast4': lambda n: udp(n, '239.1.2.3', 5000, options=[(0, 32, socket.inet_aton(NEAR4))]),
            'multicast6': lambda n: udp(n, 'ff02::5', 5000, options=[(IPV6, 17, socket.if_nametoindex(lower()))]),
            'broadcast': lambda n: udp(n, '10.66.0.255', 5000, options=[(1, 6, 1)]),
            'dhcp-unicast': lambda n: udp(n, V4, 67, bind=('', 68), options=[(1, 2, 1)]),
            'dhcp-broadcast': lambda n: udp(n, '255.255.255.255', 67, bind=('', 68), options=[(1, 2, 1), (1, 6, 1), (1, 25, b'up0')]),
            'neighbour-discovery': neighbour,
            'agent-elsewhere': lambda n: as_agent(lambda: tcp(n, V4, 7443)),
            'agent-other-port': lambda n: as_agent(lambda: tcp(n, '10.66.0.2', 4444)),
            'agent-udp': lambda n: as_agent(lambda: udp(n, '10.66.0.2', 7443)),
            'agent-controller': lambda n: as_agent(lambda: tcp(n, '10.66.0.2', 7443)),
            'root-controller-port': lambda n: tcp(n, '10.66.0.2', 7443),
            'tunnel-vxlan': lambda n: udp(n, '10.99.0.2', 5000),
            'inbound': lambda n: inbound(n, NEAR4), 'inbound-nat': lambda n: inbound(n, NEAR4),
            'forwarded-tcp4': lambda n: tcp(n, V4, 4444), 'forwarded-tcp6': lambda n: tcp(n, V6, 4444),
            'forwarded-udp4': lambda n: udp(n, V4, 5000), 'forwarded-ping4': lambda n: ping(n, V4),
            'forwarded-established-tcp4': lambda n: hold(n, V4, 4444),
            'forwarded-established-udp4': lambda n: hold_udp(n, V4, 5000),
            'macvlan-udp4': lambda n: udp(n, V4, 5000), 'macvlan-packet': lambda n: frame(n, 0x88B5, word(n) + bytes(40), 'mv0'),
            'late-interface': lambda n: udp(n, '10.88.0.2', 5000),
            'late-namespace': lambda n: udp(n, V4, 5000),
        }

        # ---- listening
        def ports(frame):
            kind = frame[12:14]
            if kind == b'\x08\0' and frame[23] == 6: at = 14 + (frame[14] & 15) * 4
            elif kind == b'\x86\xdd' and frame[20] == 6: at = 54
            else: return ()
            # A reset says that a connection is gone; the host sends it on purpose.
            if len(frame) < at + 20 or frame[at + 13] & 4: return ()
            return struct.unpack('>HH', frame[at:at + 4])
        def ways(frame):
            found = {n for n in names if word(n) in frame}
            return found or {names[p - 30000] for p in ports(frame) if 30000 <= p < 30000 + len(names)}
        if verb == 'watch':
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)    # SO_RCVBUFFORCE: none may be missed
            seen = set(); print('ready', flush=True)
            while True:
                ready = select.select([s, 0], [], [])[0]
                try:                         # what was sent before the question has arrived by then: veth does not wait
                    while True:
                        data, sender = s.recvfrom(65535, socket.MSG_DONTWAIT)
                        if sender[2] != 4: seen |= ways(data)    # PACKET_OUTGOING: our own
                except BlockingIOError: pass
                if 0 in ready:
                    if not os.read(0, 100): break
                    print(','.join(sorted(seen)) or '-', flush=True); seen = set()
        own = sys.argv[3].split(',')
        for n in own:
            if n.startswith('inbound'): listen(n)
        print('ready', flush=True)
        while os.read(0, 100):
            for n in own:
                try: s = WAYS[n](n)
                except OSError: s = None
                if isinstance(s, socket.socket): s.close()
            print('done', flush=True)
        """#
}
