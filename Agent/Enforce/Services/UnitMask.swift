internal import CordonModel
internal import Glibc

/// Stops a unit of systemd and keeps it from being started, and undoes that: of the system's manager, not of a user's own.
///
/// The mask is a link to `/dev/null` in `/etc/systemd/system.control`, which systemd looks into before any other folder of
/// units (systemd.unit(5)). `systemctl mask` puts it into `/etc/systemd/system`, where it refuses when the unit's own file
/// is there, which is where intruders put theirs. So nothing of the unit is touched, not its file, its links nor its drop-ins:
/// to undo is to take one link away. A unit that is masked is started by no link of `systemctl enable`, so none is removed.
struct UnitMask: Sendable {
    var manager = ServiceManager()
    var folder = "/etc/systemd/system.control"
    /// How long a unit may take to stop or to start.
    var patience = Duration.seconds(30)

    private static let target = "/dev/null"

    private func path(_ unit: String) -> String { "\(folder)/\(unit)" }

    /// Whether the unit's mask is there.
    func isInPlace(_ unit: String) -> Bool { TextFile.link(path(unit)) == Self.target }

    /// What is to be written down before the unit is stopped. Throws where there is no such unit, or none that could be
    /// started again.
    func plan(_ name: String, _ policy: LocalPolicy, in packages: PackageFiles) throws -> StoppedService {
        let unit = try manager.unit(name)
        guard unit.load != "not-found" else {
            throw EnforceError("service.unknown", "systemd knows no unit \(name) here.")
        }
        guard !unit.isTransient else {
            throw Refusal(
                "built-in: transient unit",
                "\(unit.id) has no file: stopped, it is gone and cannot be given back. Freeze or kill its processes.")
        }
        // What is down now may be what the host needs at its next start, and the mask is there then.
        let all = try [unit] + dependents(of: unit)
        for unit in all { try policy.check(unit, in: packages) }
        let up = all.filter(\.isUp)
        return StoppedService(
            unit: unit.id, wereUp: up.map(\.id), madeFolder: unsafe access(folder, F_OK) != 0,
            wasMasked: isInPlace(unit.id))
    }

    /// Everything that may stop with it, whatever its state.
    private func dependents(of unit: ServiceManager.Unit) throws -> [ServiceManager.Unit] {
        var (known, found) = (Set(unit.names + [unit.id]), [ServiceManager.Unit]())
        var names = unit.dependents.filter { !known.contains($0) }
        while !names.isEmpty {
            known.formUnion(names)
            guard known.count <= ServiceManager.most else {
                throw Refusal(
                    "built-in: needed unit", "More than \(ServiceManager.most) units stand on \(unit.id).")
            }
            let next = try manager.units(names)
            found += next
            names = Set(next.flatMap(\.dependents)).subtracting(known).sorted()
        }
        return found
    }

    /// Masks it, then has it stopped, as `systemctl mask --now` does: a masked unit has no `ExecStop` of its own file.
    func apply(_ stopped: StoppedService) throws {
        guard unsafe mkdir(folder, 0o755) == 0 || errno == EEXIST else {
            throw EnforceError.file("make", folder, errno)
        }
        // The enforcer's files are its own; this one is for anybody to see.
        if stopped.madeFolder { unsafe chmod(folder, 0o755) }
        if !isInPlace(stopped.unit), unsafe symlink(Self.target, path(stopped.unit)) != 0 {
            throw EnforceError.file("make", path(stopped.unit), errno)
        }
        try manager.reload()
        try manager.stop(stopped.unit, within: patience)
        // A timer whose file is gone has failed for systemd; it did what it was to.
        if stopped.wereUp.contains(stopped.unit) { try manager.forgetFailures([stopped.unit]) }
    }

    /// Takes the mask away and has started what ran before.
    func undo(_ stopped: StoppedService) throws {
        if !stopped.wasMasked, isInPlace(stopped.unit) {
            guard unsafe unlink(path(stopped.unit)) == 0 || errno == ENOENT else {
                throw EnforceError.file("remove", path(stopped.unit), errno)
            }
        }
        // Others may have put theirs there meanwhile: then it stays.
        if stopped.madeFolder { unsafe rmdir(folder) }
        try manager.reload()
        let down = try manager.units(stopped.wereUp).filter { !$0.isUp && $0.load == "loaded" }.map(\.id)
        try manager.start(down, within: patience)
    }

    /// What of the units that ran does not. A service that did its work and ended is as much back as it can be; a socket
    /// cannot listen while its service runs.
    func missing(_ stopped: StoppedService) throws -> [ServiceManager.Unit] {
        try manager.units(stopped.wereUp).filter {
            !$0.isUp && !($0.active == "inactive" && $0.id.hasSuffix(".service"))
        }
    }
}
