internal import Glibc

/// What a core file tells of a process besides its memory: notes of elf(5), in the forms that the kernel gives them.
struct CoreNotes {
    private(set) var bytes: [UInt8] = []
    /// Threads whose registers are among them.
    private(set) var threads = 0

    /// Numbers of notes, of elf.h.
    private enum Kind: UInt32 {
        case status = 1
        case floats = 2
        case process = 3
        case auxiliary = 6
        case files = 0x4649_4C45
    }

    /// Of our own note: no number that a reader takes for another.
    private static let ownKind: UInt32 = 0x434F_5244

    /// Files that are named at most, and bytes of their names.
    private static let mostFiles = 4096
    private static let mostNames = 128 << 10

    /// - Parameter most: Bytes that they may have together; a thread for which there is no room is left out.
    init(_ process: RunningProcess, _ map: MemoryMap, threads held: [Stillness.Thread], most: Int) {
        let identity = Identity(process)
        add(.process, identity.process)
        add(.auxiliary, TextFile.bytes("/proc/\(process.pid)/auxv", limit: 4096) ?? [])
        add(.files, Self.files(map, most: most / 4))
        // Who opens it looks at the first thread first.
        for thread in held.sorted(by: { ($0.id == process.pid ? 0 : 1, $0.id) < ($1.id == process.pid ? 0 : 1, $1.id) })
        {
            // The kernel tells other registers of a program of 32 bits: they have no place in a file of 64.
            guard thread.registers.count >= 200,
                bytes.count + thread.registers.count + thread.floats.count + 256 <= most
            else { continue }
            add(.status, identity.status(of: thread))
            add(.floats, thread.floats)
            threads += 1
        }
    }

    /// Adds a note of ours, in words.
    mutating func add(text: String) { add("Cordon", Self.ownKind, Array(text.utf8)) }

    private mutating func add(_ kind: Kind, _ content: [UInt8]) {
        if !content.isEmpty { add("CORE", kind.rawValue, content) }
    }

    private mutating func add(_ name: String, _ type: UInt32, _ content: [UInt8]) {
        bytes.put(UInt32(name.utf8.count + 1))
        bytes.put(UInt32(content.count))
        bytes.put(type)
        bytes.put(Array(name.utf8), filledTo: (name.utf8.count + 4) / 4 * 4)
        bytes.put(content, filledTo: (content.count + 3) / 4 * 4)
    }

    /// NT_FILE: which files are mapped where.
    private static func files(_ map: MemoryMap, most: Int) -> [UInt8] {
        var (places, names): ([UInt8], [UInt8]) = ([], [])
        var count: UInt64 = 0
        for mapping in map.mappings where mapping.inode != 0 && !mapping.isDevice {
            let name = map.name(of: mapping)
            guard count < mostFiles, names.count + name.utf8.count < mostNames,
                places.count + names.count + name.utf8.count + 64 < most
            else { break }
            for field in [mapping.start, mapping.end, mapping.offset / MemoryPlan.page] { places.put(field) }
            names += Array(name.utf8) + [0]
            count += 1
        }
        var bytes: [UInt8] = []
        bytes.put(count)
        bytes.put(MemoryPlan.page)
        return bytes + places + names
    }

    /// Who the process is.
    private struct Identity {
        let state: Character
        /// Of itself, its parent, its group and its session.
        let numbers: [Int32]
        let nice: Int8
        let flags: UInt64
        let user: UInt32
        let group: UInt32
        let name: [UInt8]
        let arguments: [UInt8]

        init(_ process: RunningProcess) {
            let pid = process.pid
            let stat = TextFile.bytes("/proc/\(pid)/stat", limit: 8192) ?? []
            let end = stat.lastIndex(of: UInt8(ascii: ")")) ?? stat.startIndex
            let fields = stat[end...].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
            func field(_ number: Int) -> Int64 { number < fields.count ? Int64(fields[number]) ?? 0 : 0 }
            state = process.state
            numbers = [pid] + [2, 3, 4].map { Int32(truncatingIfNeeded: field($0)) }
            nice = Int8(truncatingIfNeeded: field(17))
            flags = UInt64(bitPattern: field(7))
            user = process.user
            group = FileStatus(at: "/proc/\(pid)")?.group ?? 0
            name = Array((TextFile.line("/proc/\(pid)/comm") ?? "").utf8)
            arguments = (TextFile.bytes("/proc/\(pid)/cmdline", limit: 80) ?? []).prefix(79).map { $0 == 0 ? 0x20 : $0 }
        }

        /// `struct elf_prpsinfo` of 64 bits.
        var process: [UInt8] {
            var bytes = [0, state.asciiValue ?? 0x3F, state == "Z" ? 1 : 0, UInt8(bitPattern: nice), 0, 0, 0, 0]
            bytes.put(flags)
            bytes.put(user)
            bytes.put(group)
            for number in numbers { bytes.put(UInt32(bitPattern: number)) }
            bytes.put(name.prefix(15), filledTo: 16)
            bytes.put(arguments, filledTo: 80)
            return bytes
        }

        /// `struct elf_prstatus` of 64 bits: no signal, no times, the registers.
        func status(of thread: Stillness.Thread) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 32)
            for number in [thread.id] + numbers.dropFirst() { bytes.put(UInt32(bitPattern: number)) }
            bytes += [UInt8](repeating: 0, count: 64)
            bytes += thread.registers
            bytes.put(UInt64(thread.floats.isEmpty ? 0 : 1))
            return bytes
        }
    }
}
