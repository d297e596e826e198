/// Programs that resist being killed, and those beside them that nobody means.
///
///     resist.py WAY       prints who is who, as "victim 12 bystander 13", and waits for a line
///
/// A bystander runs the same program as the same user in the same session, and its parent is the program itself.
enum ResistingProcess {
    static let script = #"""
        import ctypes, os, select, signal, struct, sys, threading, time
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.restype, libc.ptrace.argtypes = ctypes.c_long, [ctypes.c_long] * 2 + [ctypes.c_void_p] * 2
        CONT, SETOPTIONS, SEIZE, DIE_WITH_PARENT, WALL = 7, 0x4200, 0x4206, 1, 0x40000000
        ready, tell = os.pipe()
        def idle():
            while True: time.sleep(600)
        def child(act, ends=True):               # one that ends with its parent
            pid = os.fork()
            if pid: return pid
            if ends: libc.prctl(DIE_WITH_PARENT, 9)
            act(); os._exit(0)
        def said(count=1): return [int(os.read(ready, 8)) for _ in range(count)]
        def say(): os.write(tell, b'%8d' % os.getpid())
        def apart(act):                          # a daemon in the cgroup: its parent ends at once
            heard, answer = os.pipe()
            def second():
                with open(os.environ['GROUP'] + '/cgroup.procs', 'w') as group: group.write(str(os.getpid()))
                os.write(answer, b'%8d' % os.getpid()); act()
            def first(): os.setsid(); child(second, ends=False)
            os.waitpid(child(first, ends=False), 0)
            pid = int(os.read(heard, 8)); os.close(heard); os.close(answer)
            return pid
        def adrift(act):                         # its parent ends at once; in the session of who asks
            heard, answer = os.pipe()
            def second():
                with open(os.environ['GROUP'] + '/cgroup.procs', 'w') as group: group.write(str(os.getpid()))
                os.write(answer, b'%8d' % os.getpid()); act()
            os.waitpid(child(lambda: child(second, ends=False), ends=False), 0)
            pid = int(os.read(heard, 8)); os.close(heard); os.close(answer)
            return pid
        def leads(act):                          # a session of its own
            os.setsid(); adrift(lambda: (say(), idle())); act()
        def threads():                           # with two threads besides
            for _ in range(2): threading.Thread(target=idle, daemon=True).start()
            say(); idle()
        def trace(pid, options, after, second=False):
            def attach():
                for thread in os.listdir('/proc/%d/task' % pid): assert libc.ptrace(SEIZE, int(thread), 0, options) == 0
                say(); after()
            def apart(): threading.Thread(target=attach, daemon=True).start(); idle()
            tracer = child(apart if second else attach); said()
            return tracer
        def let_go_on():                         # whatever stops, goes on, and never hears of the signal
            while True:
                try: pid, status = os.waitpid(-1, WALL)
                except ChildProcessError: return idle()
                if os.WIFSTOPPED(status): libc.ptrace(CONT, pid, 0, 0)
        def forks():
            say()
            while True:
                child(lambda: time.sleep(0.05)); time.sleep(0.005)
                try:
                    while os.waitpid(-1, os.WNOHANG)[0]: pass
                except ChildProcessError: pass
        def renews():                            # brings its worker back whenever that ends
            while True:
                worker = child(lambda: (say(), idle())); os.waitpid(worker, 0)
        def guards(other):                       # brings back the other, which does the same
            while True:
                if other is None: other = apart(lambda me=os.getpid(): guards(me))
                watch = select.poll(); watch.register(os.pidfd_open(other), select.POLLIN); watch.poll(); other = None
        def serve(disk):                         # FUSE: says who it is, and answers no question about a file
            while True:
                request = os.read(disk, 1 << 17); kind, number = struct.unpack('=IQ', request[4:16])
                if kind == 26:                   # FUSE_INIT: 7.31
                    answer = struct.pack('=IIIIHHIIHHI', 7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, 0) + bytes(28)
                    os.write(disk, struct.pack('=IiQ', 16 + len(answer), 0, number) + answer)
                elif kind in (1, 3): break       # FUSE_LOOKUP, FUSE_GETATTR
            say(); idle()
        def silent_disk():                       # seen by this program and its children alone
            folder = os.path.dirname(sys.argv[0]) + '/silent'; os.mkdir(folder)
            assert libc.unshare(0x20000) == 0 and libc.mount(None, b'/', None, 0x44000, None) == 0
            disk = os.open('/dev/fuse', os.O_RDWR)
            settings = b'fd=%d,rootmode=40000,user_id=0,group_id=0' % disk
            assert libc.mount(b'silent', folder.encode(), b'fuse', 0, settings) == 0
            return disk, folder
        people = {'bystander': child(idle)}
        way = sys.argv[1]
        if way == 'idle': people['victim'] = child(idle)
        elif way == 'respawner':
            people['victim'] = child(renews); people['worker'] = said()[0]
        elif way == 'daemon': people['victim'] = apart(idle)
        elif way == 'adrift':
            people['stranger'] = adrift(idle)
            people['victim'] = child(lambda: leads(lambda: child(lambda: leads(idle)) and idle()))
            people['orphan'], people['deeper'] = said(2)
            people['mute'] = child(lambda: (os.setpgid(0, 0), adrift(idle), say(), idle())); said()
        elif way == 'guards': people['victim'] = apart(lambda: guards(None))
        elif way == 'waits': people['victim'] = child(lambda: libc.vfork() or libc.pause())
        elif way == 'traced':
            people['victim'] = child(threads); said()
            people['tracer'] = trace(people['victim'], 0, idle)
        elif way == 'held':                      # PTRACE_O_TRACEEXIT: stopped once more on its way out
            people['victim'] = child(threads); said()
            people['tracer'] = trace(people['victim'], 0x40, idle)
        elif way in ('unstoppable', 'unstoppable by a thread'):
            people['victim'] = child(forks); said()   # PTRACE_O_TRACEFORK: so are those that it makes
            people['tracer'] = trace(people['victim'], 2, let_go_on, way != 'unstoppable')
        elif way == 'stuck':
            disk, folder = silent_disk()
            people['server'] = child(lambda: serve(disk))
            people['victim'] = child(lambda: (os.close(disk), os.stat(folder + '/file')))
            os.close(disk); said()
        elif way == 'space':                     # a namespace of processes with its own first one
            libc.unshare(0x20000000)
            def first():
                child(lambda: (say(), idle()), ends=False); child(lambda: (say(), idle()), ends=False); idle()
            people['victim'] = child(first); said(2)
        print(' '.join('%s %d' % one for one in people.items()), flush=True)
        sys.stdin.readline()
        """#
}
