internal import CLinux
internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import Glibc

/// What the kernel asks the guard about. Marks are only ever too many for a moment, never too few: what a start means is the
/// rules' to say.
struct GuardMarks {
    private let gate: StartGate
    /// Files and folders that are marked, and how each is found again.
    private var files: [FileKey: Way] = [:]
    /// File systems that are marked, by device.
    private var fileSystems: Set<String> = []
    /// The mounts that were last looked at.
    private var mountsSeen = ""
    private var lastWhole: ContinuousClock.Instant?
    /// Files that were found of each path, for as long as its folder cannot be looked at.
    private var found: [String: [FileKey: [UInt8]]] = [:]

    private struct Way: Equatable {
        /// The path that it was found by; of a file, of its folder.
        var folder: String
        /// `nil` for the folder itself.
        var handle: [UInt8]?
        var kind: Int32 { handle == nil ? Int32(CLINUX_GUARD_FOLDER) : Int32(CLINUX_GUARD_FILE) }
    }

    /// All marks are set again so often: one is gone with its file system, and the next may have its number.
    private static let interval = Duration.seconds(5)
    private static let mostFileSystems = 8192

    init(_ gate: StartGate) { self.gate = gate }

    var fileCount: Int { files.count }
    var fileSystemCount: Int { fileSystems.count }

    /// Finds what the entries mean on this host: the rules that starts are judged by.
    mutating func rules(for entries: [BlockedExecutables.Entry]) -> (rules: GuardRules, faults: [GuardReport.Fault]) {
        var rules = GuardRules()
        var faults: [GuardReport.Fault] = []
        for entry in entries {
            switch entry.subject {
            case .digest(let digest): if let bytes = HexDigit.bytes(digest) { rules.contents[bytes] = entry.term }
            case .path(let path):
                var place = GuardRules.Place(path: path, files: [:], term: entry.term)
                do {
                    let folder = try Self.folder(above: path)
                    try Self.check(folder, path)
                    for handle in entry.handles {
                        guard let file = FileHandle.open(handle, on: folder),
                            let status = FileStatus(descriptor: file.number)
                        else { continue }
                        place.files[FileKey(status)] = handle
                    }
                    place.devices = Self.devices(of: path, folder)
                } catch {
                    faults.append(.init(subject: path, text: "\(error)"))
                }
                // While its folder is not to be found, what was found last is what is meant.
                if (try? FilePlace(path)) == nil { place.files.merge(found[path] ?? [:]) { now, _ in now } }
                rules.places.append(place)
            }
        }
        found = Dictionary(rules.places.map { ($0.path, $0.files) }) { first, _ in first }
        return (rules, faults)
    }

    /// The folder of a path, or where that was renamed or removed the nearest above it: files are found through it all the
    /// same while they are on one file system.
    private static func folder(above path: String) throws -> Descriptor {
        var path = path
        while true {
            do { return try FilePlace(path).folder } catch {
                guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else {
                    throw error
                }
                path = String(path[..<slash])
            }
        }
    }

    /// Those of the folder and, where it is the path's own, of what is there.
    private static func devices(of path: String, _ folder: Descriptor) -> Set<UInt64> {
        guard let place = try? FilePlace(path) else { return [] }
        let there = try? FileStatus(of: place.name, in: folder)
        return Set([FileStatus(descriptor: folder.number), there].compactMap { $0?.device })
    }

    /// Throws for what another machine or program answers for: a start there would wait for it, and the gate too.
    static func check(_ folder: Descriptor, _ path: String) throws(EnforceError) {
        guard let name = distant[clinux_file_system_type(folder.number)] else { return }
        throw EnforceError(
            "guard.distant", "\(path) is on a file system of type \(name): starts there cannot be guarded.",
            remedy: "Quarantine the file, or block it on the host that serves it.")
    }

    /// statfs(2), f_type.
    private static let distant: [Int64: String] = [
        0x6969: "nfs", 0xFF53_4D42: "cifs", 0xFE53_4D42: "smb2", 0x517B: "smb", 0x0102_1997: "9p", 0xC36400: "ceph",
        0x5346_414F: "afs", 0x6B41_4653: "afs", 0x0BD0_0BD0: "lustre", 0x7461_636F: "ocfs2", 0x0116_1970: "gfs2",
        0x6573_5546: "fuse", 0x0187: "autofs", 0x1983_0326: "beegfs",
    ]

    /// Marks what the rules need, and no more.
    /// - Parameters:
    ///   - mounts: The host's, as proc_pid_mountinfo(5) has them.
    ///   - own: Those of the guard's own namespace, through which it reaches them.
    mutating func bring(_ rules: GuardRules, mounts: String, own: () -> String) -> [GuardReport.Fault] {
        var faults = bringFiles(rules)
        if rules.contents.isEmpty {
            if !fileSystems.isEmpty {
                _ = gate.change(.unmarkAll, Int32(CLINUX_GUARD_FILE_SYSTEM), nil)
            }
            (fileSystems, mountsSeen, lastWhole) = ([], "", nil)
        } else {
            faults += bringFileSystems(mounts, own)
        }
        return faults
    }

    private mutating func bringFiles(_ rules: GuardRules) -> [GuardReport.Fault] {
        var faults: [GuardReport.Fault] = []
        var wanted: [FileKey: Way] = [:]
        for place in rules.places {
            guard let folder = try? Self.folder(above: place.path), (try? Self.check(folder, place.path)) != nil,
                let way = TextFile.link("/proc/self/fd/\(folder.number)")
            else {
                for key in place.files.keys { wanted[key] = files[key] }
                continue
            }
            for (key, handle) in place.files { wanted[key] = Way(folder: way, handle: handle) }
            guard let status = FileStatus(descriptor: folder.number) else { continue }
            wanted[FileKey(status)] = Way(folder: way, handle: nil)
        }
        for (key, way) in wanted {
            let file = open(way, key)
            // What is marked stays so, wherever it is.
            if file == nil, files[key] != nil { continue }
            let failed = file.map { gate.change(.mark, way.kind, $0) } ?? -ENOENT
            if failed == 0 {
                files[key] = way
            } else {
                // Each that it is needed for: its proof must not say that it is in force.
                for place in rules.places where place.files[key] != nil || place.path.hasPrefix(way.folder) {
                    faults.append(
                        .init(subject: place.path, text: "\(way.folder) cannot be guarded: \(errorText(-failed))."))
                }
            }
        }
        forget(but: wanted)
        return faults
    }

    private mutating func forget(but wanted: [FileKey: Way]) {
        if wanted.isEmpty {
            if !files.isEmpty { _ = gate.change(.unmarkAll, Int32(CLINUX_GUARD_FILE), nil) }
            files = [:]
            return
        }
        for (key, way) in files where wanted[key] == nil {
            // What cannot be found any more costs nothing, and goes with the last.
            guard let file = open(way, key) else { continue }
            _ = gate.change(.unmark, way.kind, file)
            files[key] = nil
        }
    }

    /// Opens what is meant, if it is that still.
    private func open(_ way: Way, _ key: FileKey) -> Descriptor? {
        guard let folder = try? Descriptor.folder(way.folder) else { return nil }
        let found = way.handle.map { FileHandle.open($0, on: folder) } ?? folder
        guard let found, let status = FileStatus(descriptor: found.number), FileKey(status) == key else { return nil }
        return found
    }

    private mutating func bringFileSystems(_ mounts: String, _ own: () -> String) -> [GuardReport.Fault] {
        let isDue = lastWhole.map { ContinuousClock.now - $0 > Self.interval } ?? true
        guard isDue || mounts != mountsSeen else { return faultsOfFileSystems }
        (mountsSeen, lastWhole) = (mounts, .now)
        let places = Dictionary(grouping: MountTable(own()).mounts, by: \.device)
        var marked: Set<String> = []
        faultsOfFileSystems = []
        let wanted = MountTable(mounts).mounts.filter { $0.isGuarded }
        for (device, mounts) in Dictionary(grouping: wanted, by: \.device) {
            if marked.count < Self.mostFileSystems, (places[device] ?? []).contains(where: { mark($0) }) {
                marked.insert(device)
            } else if let mount = mounts.first(where: { !$0.isNoExec }) {
                let text = "Programs on \(mount.place) (\(mount.type)) cannot be guarded by what they hold."
                faultsOfFileSystems.append(.init(subject: "", text: text.bounded(GuardReport.longestText)))
            }
        }
        fileSystems = marked
        return faultsOfFileSystems
    }

    /// Those of the last look.
    private var faultsOfFileSystems: [GuardReport.Fault] = []

    /// Marks the file system of a mount, unless another covers it.
    private func mark(_ mount: MountTable.Mount) -> Bool {
        guard
            let place = try? Descriptor(
                unsafe clinux_open_place(mount.place), or: { EnforceError.file("open", mount.place, $0) }),
            Self.mountNumber(place) == mount.number
        else { return false }
        return gate.change(.mark, Int32(CLINUX_GUARD_FILE_SYSTEM), place) == 0
    }

    /// The mount that a descriptor is on (proc_pid_fdinfo(5)).
    private static func mountNumber(_ file: Descriptor) -> Int? {
        let lines = (TextFile.text("/proc/self/fdinfo/\(file.number)") ?? "").split(separator: "\n")
        return lines.first { $0.hasPrefix("mnt_id:") }?.split(separator: "\t").last.flatMap { Int($0) }
    }
}

extension MountTable.Mount {
    /// Whether programs on it can be looked at before they start: not where that would wait for another machine or program,
    /// and not where there are none.
    var isGuarded: Bool { !isRemote && !type.hasPrefix("fuse") && !Self.unreal.contains(type) }

    private static let unreal: Set<String> = [
        "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "debugfs", "tracefs", "securityfs", "bpf", "configfs",
        "pstore", "efivarfs", "binfmt_misc", "nsfs", "autofs", "hugetlbfs", "rpc_pipefs", "selinuxfs", "nfsd",
        "cpuset", "resctrl", "smackfs", "virtiofs",
    ]
}
