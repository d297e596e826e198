import CordonModel
import CordonOrders
import CordonWire
import Dispatch
import Glibc
import Synchronization
import Testing

@testable import AgentEnforce

/// A program with words in its memory, each in a kind of its own, and a reader of core files that is not ours.
struct MemoryGround {
    let lab: Lab
    static let onStack = "marker-that-lies-on-the-stack"

    init(_ lab: Lab) throws {
        self.lab = lab
        try lab.scratch.file("keeper.py", Self.keeper)
        try lab.scratch.file("core.py", Self.reader)
    }

    /// A program that says where its words are, and answers a line with one.
    final class Keeper: Sendable {
        let program: Program
        /// Addresses by the names of what lies there.
        let places: [String: String]

        init(_ program: Program, _ places: [String: String]) {
            self.program = program
            self.places = places
        }

        var target: ProcessTarget {
            get throws {
                let process = try #require(RunningProcess(pid: program.pid))
                return ProcessTarget(
                    pid: program.pid, startTime: process.startTime, executable: process.executable, scope: .process)
            }
        }

        /// Whether it runs: it answers.
        func answers(_ word: String) -> Bool {
            program.write("\(word)\n")
            return program.line() == "heard \(word)"
        }
    }

    /// - Parameter megabytes: That it has touched besides.
    func keeper(megabytes: Int = 0) throws -> Keeper {
        let program = try Program(["python3", "-u", lab.scratch.path + "/keeper.py", Self.onStack, "\(megabytes)"])
        let line = try #require(program.line())
        let pairs = line.split(separator: " ").map { $0.split(separator: "=").map(String.init) }
        #expect(pairs.allSatisfy { $0.count == 2 }, "\(line)")
        return Keeper(program, Dictionary(uniqueKeysWithValues: pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }))
    }

    /// Executes on another thread, and calls what is to happen once some of the memory is on the disk.
    func during(
        _ order: Order, _ enforcer: EnforcerProcess, as signed: Cordon_V1_SignedOrder? = nil, _ act: () throws -> Void
    ) throws -> Result<OrderResult, any Error> {
        let draft = "\(lab.scratch.path)/state/evidence/\(order.id).draft"
        return try meanwhile(order, enforcer, as: signed) {
            let begun = enforcer.becomes { FileStatus(at: draft).map { $0.identity.size > 4 << 20 } == true }
            #expect(begun, "the copy began")
            try act()
        }
    }

    /// Executes on another thread, and calls what is to happen meanwhile.
    func meanwhile(
        _ order: Order, _ enforcer: EnforcerProcess, as signed: Cordon_V1_SignedOrder? = nil, _ act: () throws -> Void
    ) throws -> Result<OrderResult, any Error> {
        let signed = try signed ?? enforcer.fleet.sign(order)
        let (done, answer) = (DispatchSemaphore(value: 0), Answer())
        DispatchQueue.global().async {
            let result = Result { try enforcer.execute(signed) }
            answer.result.withLock { $0 = result }
            done.signal()
        }
        try act()
        done.wait()
        return try #require(answer.result.withLock { $0 })
    }

    private final class Answer: Sendable {
        let result = Mutex<Result<OrderResult, any Error>?>(nil)
    }

    func core(_ order: OrderID) -> String { "\(lab.scratch.path)/state/evidence/\(order)" }

    /// What the core file has at an address, as a text that ends with a zero byte; `-` where it has nothing.
    func text(_ order: OrderID, at address: String?) throws -> String {
        try Program.must(["python3", lab.scratch.path + "/core.py", core(order), address ?? "0"])
    }

    private static let keeper = #"""
        import ctypes, mmap, os, signal, sys, threading
        libc = ctypes.CDLL(None, use_errno=True)
        for name in ['malloc', 'mmap']: getattr(libc, name).restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
        libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        places = {}
        def put(name, address, value=None):
            # Not as a whole word of the program's text, which is in its memory too.
            ctypes.memmove(address, ('rekram'[::-1] + '-in-' + name).encode() + b'\0', len(name) + 11)
            places[name] = '%x' % address
        put('heap', libc.malloc(64))
        def anonymous(size, rights=3, flags=0x22): return libc.mmap(None, size, rights, flags, -1, 0)
        page = anonymous(64 << 20)
        put('map', page + (32 << 20))
        hidden = anonymous(4096)
        put('hidden', hidden)
        libc.mprotect(hidden, 4096, 0)
        places['nothing'] = '%x' % anonymous(1 << 40, 0, 0x4022)
        secret = libc.syscall(447, 0)
        if secret >= 0:
            os.ftruncate(secret, 4096)
            address = libc.mmap(None, 4096, 3, 1, secret, 0)
            if address != ctypes.c_void_p(-1).value: put('secret', address)
        ballast = mmap.mmap(-1, max(1, int(sys.argv[2])) << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for offset in range(0, int(sys.argv[2]) << 20, 4096): ballast[offset] = 1
        for _ in range(2): threading.Thread(target=threading.Event().wait, daemon=True).start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        signal.signal(signal.SIGUSR1, lambda *_: print('signal'))
        print(*['%s=%s' % pair for pair in places.items()])
        for line in sys.stdin: print('heard', line.strip())
        """#

    private static let reader = #"""
        import struct, sys
        core, address = open(sys.argv[1], 'rb'), int(sys.argv[2], 16)
        head = core.read(64)
        first, size, count = struct.unpack_from('<Q', head, 32)[0], *struct.unpack_from('<HH', head, 54)
        core.seek(first)
        heads = [struct.unpack('<IIQQQQQQ', core.read(size)) for _ in range(count)]
        loads = [head for head in heads if head[0] == 1]
        assert all(a[3] + a[6] <= b[3] for a, b in zip(loads, loads[1:])), 'in order, and none over another'
        for kind, flags, offset, start, _, length, memory, align in loads:
            assert offset % align == start % align == 0 and length == memory
            if start <= address < start + length:
                core.seek(offset + address - start)
                print(core.read(64).split(b'\0')[0].decode('latin-1'))
                break
        else: print('-')
        """#
}
