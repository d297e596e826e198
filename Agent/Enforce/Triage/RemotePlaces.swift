/// Where another host or a program answers for the files: to ask there may mean to wait without end, above all on a host
/// that is isolated. What is known of it is read from mountinfo, without touching any of the places.
struct RemotePlaces {
    private struct Mount {
        var place: [UInt8]
        var isRemote: Bool
    }

    private let mounts: [Mount]
    private let remote: Set<[UInt8]>

    /// - Parameters:
    ///   - text: Of /proc/PID/mountinfo; of several one after another.
    ///   - root: The device of the host's own root, where that matters.
    init(_ text: String, root: String = "") {
        mounts = MountTable(text, root: root).mounts.map { mount in
            Mount(place: Array(mount.place.utf8), isRemote: mount.mayHang)
        }
        remote = Set(mounts.lazy.filter(\.isRemote).map(\.place))
    }

    /// As the enforcer sees them, whom its unit may have given a view of its own.
    static var here: RemotePlaces { RemotePlaces(TextFile.text("/proc/self/mountinfo") ?? "", root: MountTable.root) }

    /// Whether the path, which leads over no link, lies on such a place; `nil` where no mount holds it.
    func hold(_ path: String) -> Bool? {
        let path = Array(path.utf8)
        var found: Mount?
        for mount in mounts {
            let above = mount.place == [0x2F] ? [] : mount.place
            guard path.starts(with: above), path.count == above.count || path[above.count] == 0x2F else { continue }
            // One that came later may cover what is deeper: it counts where to trust it would be the mistake.
            if mount.isRemote || mount.place.count >= found?.place.count ?? 0 { found = mount }
        }
        return found?.isRemote
    }

    /// Whether such a place begins just there.
    func begin(at path: RawPath) -> Bool {
        // As the table has names that are no text.
        remote.contains(path.bytes) || remote.contains(Array(String(decoding: path.bytes, as: UTF8.self).utf8))
    }
}
