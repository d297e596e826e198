import Glibc

/// Why no systemd can be started here; `nil` when it can.
let systemdObstacle: String? = {
    if let labObstacle { return labObstacle }
    guard unsafe access(SystemdGround.program, X_OK) == 0 else { return "needs \(SystemdGround.program)" }
    guard let ground = try? SystemdGround(scratch: Scratch()) else {
        return "systemd does not start in namespaces here"
    }
    return ground.answers ? nil : "systemd does not answer in namespaces here"
}()

/// A real systemd as the init process of its own namespaces, with a root of its own: it starts what a test has it start, and
/// changes nothing outside but the test's scratch folder.
final class SystemdGround: Sendable {
    static let program = "/lib/systemd/systemd"
    /// Where the enforcer was built.
    private static let build = EnforcerProcess.binary.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    private let boot: Program
    /// Its number in our namespace.
    let pid: pid_t
    private let cgroup: String

    init(scratch: Scratch, space: String? = nil) throws {
        let tree = try requireText(Program.must(["awk", "$3==\"cgroup2\"{print $2; exit}", "/proc/mounts"]))
        var random = SystemRandomNumberGenerator()
        cgroup = "\(tree)/cordon-t-\(String(UInt32.random(in: 0 ... .max, using: &random), radix: 36))"
        try Program.must(["mkdir", cgroup])
        try scratch.file("boot.sh", Self.script)
        let enter = space.map { ["nsenter", "--net=/run/netns/\($0)"] } ?? ["unshare", "--net"]
        boot = try Program(
            [
                "sh", "-c", #"echo $$ > "$0/cgroup.procs"; exec "$@""#, cgroup,
            ] + enter + [
                "unshare", "--mount", "--pid", "--cgroup", "--uts", "--ipc", "--fork", "--kill-child", "--propagation",
                "private",
                "sh", scratch.path + "/boot.sh", scratch.path + "/layer", scratch.path,
                Self.build,
            ], errorsTo: scratch.path + "/boot.log")
        var found: pid_t?
        for _ in 0..<500 where found == nil {
            let child = (try? Program.run(["pgrep", "-P", "\(boot.pid)"]).output).flatMap { pid_t($0) }
            if let child, (try? Program.run(["readlink", "/proc/\(child)/exe"]).output)?.hasSuffix("/systemd") == true {
                found = child
            }
            usleep(20_000)
        }
        guard let found else { throw Program.Failure(what: "systemd does not start") }
        pid = found
        for _ in 0..<500 where !answers { usleep(20_000) }
    }

    deinit {
        kill(pid, SIGKILL)
        _ = boot.wait()
        for _ in 0..<100 where (try? Program.run(["rmdir", cgroup]).status) != 0 {
            _ = try? Program.run(["find", cgroup, "-depth", "-type", "d", "-delete"])
            usleep(20_000)
        }
    }

    /// What runs a program beside it: in its mounts and its processes.
    var enter: [String] { ["nsenter", "--target=\(pid)", "--mount", "--pid", "--net", "--cgroup"] }

    var answers: Bool { (try? systemctl("show", "--property=Version").status) == 0 }

    @discardableResult
    func systemctl(_ arguments: String...) throws -> (status: Int32, output: String) {
        try Program.run(enter + ["systemctl", "--no-pager"] + arguments)
    }

    /// A unit's property.
    func state(_ unit: String, _ property: String = "ActiveState") throws -> String {
        try systemctl("show", "--value", "--property=\(property)", "--", unit).output
    }

    /// Writes a unit, below its `/etc/systemd/system` unless a whole path is given. It depends on what it says and no more.
    func unit(_ name: String, _ text: String) throws {
        let text = text + "\n[Unit]\nDefaultDependencies=no\n"
        let path = name.hasPrefix("/") ? name : "/etc/systemd/system/\(name)"
        let (status, output) = try Program.run(
            enter + ["sh", "-c", #"mkdir -p "$(dirname "$0")" && printf '%s' "$1" > "$0""#, path, text])
        guard status == 0 else { throw Program.Failure(what: output) }
    }

    /// Nothing of this machine's own is in reach: its root is below a layer in memory, its folders for units, generators and
    /// what is made or cleaned at a start are hidden, so that no unit of its own can be started by a dependency either.
    private static let script = """
        set -eu
        layer=$1 scratch=$2 build=$3 root=$1/root
        mkdir "$layer"
        mount -t tmpfs -o size=64m,mode=755 tmpfs "$layer"
        mkdir "$layer/up" "$layer/work" "$root"
        mount -t overlay -o "lowerdir=/,upperdir=$layer/up,workdir=$layer/work" overlay "$root"
        for folder in /usr/lib/systemd/system /usr/lib/systemd/system-generators /usr/local/lib/systemd /etc/systemd \\
            /etc/init.d /usr/lib/tmpfiles.d /usr/lib/sysctl.d /etc/tmpfiles.d /tmp /run /dev /root /home; do
            [ ! -d "$root$folder" ] || mount -t tmpfs -o size=64m,mode=755 tmpfs "$root$folder"
        done
        for node in null zero full random urandom; do
            : > "$root/dev/$node"
            mount --bind "/dev/$node" "$root/dev/$node"
        done
        # What units with devices of their own are given.
        mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
        mount -t devpts -o newinstance devpts "$root/dev/pts"
        mount -t tmpfs tmpfs "$root/dev/shm"
        ln -s pts/ptmx "$root/dev/ptmx"
        mkdir -p "$root/etc/systemd/system" "$root$scratch" "$root$build"
        mount --bind "$scratch" "$root$scratch"
        mount --bind "$build" "$root$build"
        mount -o remount,bind,ro "$root$build"
        mount -t proc proc "$root/proc"
        mount --bind "$root/proc/sys" "$root/proc/sys"
        mount -o remount,bind,ro "$root/proc/sys"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
        printf '[Unit]\\nDefaultDependencies=no\\n' > "$root/etc/systemd/system/cordon-test.target"
        mkdir "$root/run/old"
        cd "$root"
        pivot_root . run/old
        umount -l /run/old
        rmdir /run/old
        export container=cordon-test
        exec /lib/systemd/systemd --system --unit=cordon-test.target --log-target=console --log-level=notice
        """
}

/// The text, unless it is empty.
private func requireText(_ text: String) throws -> String {
    guard !text.isEmpty else { throw Program.Failure(what: "no cgroup2 here") }
    return text
}
