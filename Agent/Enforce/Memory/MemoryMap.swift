internal import Glibc

/// One mapping of a process's memory, as /proc/PID/smaps tells of it.
struct Mapping {
    var start: UInt64
    var end: UInt64
    /// Of `r`, `w` and `x`, as `p_flags` of elf(5) has them: 4, 2 and 1.
    var rights: UInt32 = 0
    var isShared = false
    /// Where in its file it begins.
    var offset: UInt64 = 0
    /// That its file is on, as `8:1`.
    var device = ""
    /// Zero where it has no file.
    var inode: UInt64 = 0
    /// What the kernel calls it, in `MemoryMap.names`.
    var name = 0
    /// Bytes of it that are in memory or swapped out.
    var used: UInt64 = 0
    /// Registers or memory of a device, or the kernel's own pages: reading them may do something.
    var isDevice = false

    var size: UInt64 { end - start }
    /// What no file on a disk holds: the process's own.
    var isOwn: Bool { inode == 0 || rights & 2 != 0 }
}

/// The mappings of a process, in the order of their addresses.
struct MemoryMap {
    private(set) var mappings: [Mapping] = []
    /// What the mappings are called; the first is the empty name.
    private(set) var names = [""]
    /// Whether there are more than are told.
    private(set) var isCut = false

    private var numbers: [String: Int] = ["": 0]
    private var nameBytes = 0

    /// The kernel's own usual bound is 65,530 (vm.max_map_count).
    private static let most = 65_536
    /// Bytes of all names; who needs more has made them for that.
    private static let mostNames = 1 << 20
    /// The kernel's own pages, which every process has, and which are no memory of it.
    private static let kernels = ["[vvar]", "[vvar_vclock]", "[vsyscall]"]

    /// Reads /proc/PID/smaps, piece by piece: of many mappings it has tens of megabytes.
    init(of pid: Int32) throws(EnforceError) {
        let path = "/proc/\(pid)/smaps"
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .memory("look into", path, errno) }
        defer { close(file) }
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !isCut {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw .memory("look into", path, errno)
            }
            if count == 0 { break }
            for byte in buffer[..<count] {
                if byte == 0x0A {
                    take(line[...])
                    line.removeAll(keepingCapacity: true)
                } else if line.count < 8192 {
                    line.append(byte)
                }
            }
        }
    }

    /// Of a text, for tests.
    init(_ text: String) { for line in text.utf8.split(separator: 0x0A) { take(Array(line)[...]) } }

    func name(of mapping: Mapping) -> String { names[mapping.name] }

    /// Takes a line: the head of a mapping, or something that is told of it.
    private mutating func take(_ line: ArraySlice<UInt8>) {
        guard let letter = line.first else { return }
        // What is told of a mapping begins with a capital letter.
        guard 0x41...0x5A ~= letter else { return begin(line.split(separator: 0x20, maxSplits: 5)) }
        guard !mappings.isEmpty, "RSV".utf8.contains(letter) else { return }
        let fields = line.split(separator: 0x20)
        guard fields.count > 1 else { return }
        let last = mappings.count - 1
        switch String(decoding: fields[0], as: UTF8.self) {
        case "Rss:", "Swap:":
            let size = mappings[last].size
            let bytes = min(Self.number(fields[1], 10) ?? 0, size >> 10) << 10
            mappings[last].used += min(size - mappings[last].used, bytes)
        case "VmFlags:":
            // io: of a device. pf: frames that the kernel keeps no book of.
            if fields.contains(where: { $0.elementsEqual("io".utf8) || $0.elementsEqual("pf".utf8) }) {
                mappings[last].isDevice = true
            }
        default: break
        }
    }

    private mutating func begin(_ fields: [ArraySlice<UInt8>]) {
        guard fields.count >= 5, case let ends = fields[0].split(separator: UInt8(ascii: "-")), ends.count == 2,
            let start = Self.number(ends[0], 16),
            let end = Self.number(ends[1], 16),
            start < end, fields[1].count == 4, let offset = Self.number(fields[2], 16),
            let inode = Self.number(fields[4], 10)
        else { return }
        guard mappings.count < Self.most else {
            isCut = true
            return
        }
        var mapping = Mapping(start: start, end: end, offset: offset, inode: inode)
        if inode != 0 { mapping.device = FileDevices.name(fields[3]) }
        for (letter, bit) in [(UInt8(ascii: "r"), UInt32(4)), (UInt8(ascii: "w"), 2), (UInt8(ascii: "x"), 1)]
        where fields[1].contains(letter) { mapping.rights |= bit }
        mapping.isShared = fields[1].last == UInt8(ascii: "s")
        let name = fields.count > 5 ? String(decoding: fields[5].drop { $0 == 0x20 }, as: UTF8.self) : ""
        mapping.isDevice = Self.kernels.contains(name)
        mapping.name = number(of: name)
        mappings.append(mapping)
    }

    private mutating func number(of name: String) -> Int {
        if let known = numbers[name] { return known }
        guard nameBytes + name.utf8.count <= Self.mostNames else { return 0 }
        nameBytes += name.utf8.count
        names.append(name)
        numbers[name] = names.count - 1
        return names.count - 1
    }

    private static func number(_ digits: ArraySlice<UInt8>, _ radix: Int) -> UInt64? {
        UInt64(String(decoding: digits, as: UTF8.self), radix: radix)
    }
}

extension Error where Self == EnforceError {
    /// What could not be read of a process's memory.
    static func memory(_ verb: String, _ path: String, _ number: Int32) -> EnforceError {
        switch number {
        case ENOENT, ESRCH: EnforceError("process.gone", "The process ended before its memory was read.")
        case EPERM, EACCES:
            .system(
                "memory.forbidden", "Cannot \(verb) \(path)", number,
                remedy: "The kernel allows nobody to look at it: see kernel.yama.ptrace_scope, and the enforcer's unit."
            )
        default: .system("memory.failed", "Cannot \(verb) \(path)", number)
        }
    }
}
