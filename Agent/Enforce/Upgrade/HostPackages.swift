internal import CordonOrders
internal import CordonWire
internal import Glibc

/// What dpkg of this host has installed, and has it install: by its own programs, with fixed arguments.
struct HostPackages: Sendable {
    private let query = SystemCommand(paths: ["/usr/bin/dpkg-query"])
    private let dpkg = SystemCommand(paths: ["/usr/bin/dpkg"])
    /// The environment of maintainer scripts is bounded: nobody is asked anything, and the lock of frontends is held here.
    private let installer = SystemCommand(
        paths: ["/usr/bin/env"],
        leading: [
            "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root",
            "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true", "DPKG_FRONTEND_LOCKED=1", "dpkg",
        ])
    /// Asking takes dpkg less than this.
    private static let patience = Duration.seconds(20)

    /// A package as dpkg has it.
    struct Installed: Equatable {
        var version: String
        /// Whether it is unpacked and set up, as its version says.
        var isWhole: Bool
    }

    /// The package that this program is of.
    static let own = "cordon-enforcer"
    /// What a release must have of what is installed: each needs the other in the very same version.
    static let core = [own, "cordon-agent"]

    /// As `dpkg --print-architecture` says.
    func architecture() throws(EnforceError) -> String {
        let answer = try dpkg.run(["--print-architecture"], within: Self.patience)
        let word = answer.text.prefix { $0 != "\n" }
        guard answer.status == 0, !word.isEmpty else { throw Self.failed("cannot be asked", answer) }
        return String(word)
    }

    /// What is installed of a package; `nil` for one that is not.
    func installed(_ name: String) throws(EnforceError) -> Installed? {
        let answer = try query.run(
            ["--show", "--showformat=${db:Status-Status} ${Version}\\n", "--", name], within: Self.patience)
        guard answer.status == 0 else {
            guard answer.status == 1 else { throw Self.failed("cannot be asked", answer) }
            return nil
        }
        let words = answer.text.split(separator: "\n").first?.split(separator: " ") ?? []
        guard words.count == 2, Release.isVersion(String(words[1])), words[0] != "config-files" else { return nil }
        return Installed(version: String(words[1]), isWhole: words[0] == "installed")
    }

    /// What is installed of the core.
    enum Core: Equatable {
        /// Wholly, and all of one version.
        case version(String)
        /// Not wholly, or not all of one version: dpkg is in the middle of it, or was stopped there.
        case changing
        case none
    }

    /// What is installed now; what cannot be asked about counts as not there.
    var core: Core {
        let found = Self.core.compactMap { (try? installed($0)) ?? nil }
        guard let first = found.first else { return .none }
        return found.allSatisfy { $0.isWhole && $0.version == first.version } ? .version(first.version) : .changing
    }

    /// Whether a version comes after another (deb-version(7)).
    func isVersion(_ version: String, newerThan other: String) throws(EnforceError) -> Bool {
        let answer = try dpkg.run(["--compare-versions", version, "gt", other], within: Self.patience)
        guard answer.status <= 1 else { throw Self.failed("cannot compare versions", answer) }
        return answer.status == 0
    }

    /// Has these files installed. Files of the administrator's stay as they are. The lock of frontends is held meanwhile.
    func install(_ files: [String], within time: Duration) throws(EnforceError) {
        let arguments = ["--force-confdef", "--force-confold", "--install"] + files
        let answer = try installer.run(arguments, within: time)
        guard answer.status == 0 else { throw Self.failed("could not install it", answer) }
    }

    /// What dpkg says of its work whatever becomes of it.
    private static let usual = [
        "(Reading database", "Preparing to unpack", "Unpacking", "Setting up", "Processing triggers", "Errors were",
    ]

    private static func failed(_ what: String, _ answer: SystemCommand.Answer) -> EnforceError {
        let telling = answer.text.split(separator: "\n").filter { line in !usual.contains { line.hasPrefix($0) } }
        let lines = telling.suffix(6).joined(separator: "; ").unicodeScalars
        // Maintainer scripts say what they want, and it is told elsewhere.
        let said = String(String.UnicodeScalarView(lines.filter { $0.properties.generalCategory != .control }))
            .bounded(500)
        return EnforceError("upgrade.dpkg", "dpkg \(what): \(said.isEmpty ? "status \(answer.status)" : said)")
    }
}

/// A lock of a file that others take too (lockf(3)), held as long as it lives.
struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// What every frontend of dpkg holds while it installs.
    static let ofFrontends = "/var/lib/dpkg/lock-frontend"

    /// Takes it; `nil` when another process has it still after so long.
    init?(_ path: String, within patience: Duration) throws(EnforceError) {
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard opened >= 0 else { throw .file("open", path, errno) }
        let end = ContinuousClock.now + patience
        while lockf(opened, F_TLOCK, 0) != 0 {
            guard errno == EACCES || errno == EAGAIN || errno == EINTR, ContinuousClock.now < end else {
                close(opened)
                return nil
            }
            usleep(100_000)
        }
        descriptor = opened
    }

    deinit { close(descriptor) }
}
