import Glibc
import Testing

@testable import AgentEnforce

/// Which package owns a file, by dpkg's lists.
@Suite("Package files")
struct PackageFilesTests {
    private let scratch: Scratch
    private let packages: PackageFiles
    /// A root folder with a link `bin` to `usr/bin`.
    private let top: String

    init() throws {
        scratch = try Scratch()
        top = scratch.path
        try Program.must(["sh", "-c", "cd \(top) && mkdir -p usr/bin dpkg/info && ln -s usr/bin bin"])
        packages = PackageFiles(folder: top + "/dpkg")
        try scratch.file("dpkg/info/dash.list", "/.\n\(top)/bin\n\(top)/bin/dash\n\(top)/bin/sh\n")
        try scratch.file("dpkg/info/bash:amd64.list", "/.\n\(top)/usr/bin/bash\n\(top)/usr/bin/pager\n")
        try scratch.file("dpkg/info/most.list", "\(top)/usr/bin/pager\n\(top)/usr/bin/bash.old\n")
        try scratch.file("dpkg/info/dash.md5sums", "\(top)/usr/bin/other\n")
        try scratch.file("dpkg/diversions", "\(top)/bin/pager\n\(top)/bin/pager.real\nmost\n")
    }

    @Test("files are found by the path that they really have, whatever path a list calls them by")
    func owners() throws {
        let rows: [(String, [String])] = [
            ("dash", ["dash"]), ("sh", ["dash"]), ("bash", ["bash:amd64"]), ("other", []), ("bas", []), ("ash", []),
            ("bash.old", ["most"]),
        ]
        for (name, owners) in rows { #expect(try packages.owners(of: "\(top)/usr/bin/\(name)") == owners, "\(name)") }
        #expect(try packages.owners(of: "\(top)/sbin/dash") == [])
    }

    @Test("a diverted file belongs to its package where it was put, and its old place to the one that diverts it")
    func diverted() throws {
        #expect(try packages.owners(of: top + "/usr/bin/pager") == ["most"])
        #expect(try packages.owners(of: top + "/usr/bin/pager.real") == ["bash:amd64"])
    }

    @Test("where there is no dpkg nobody knows, and where its lists are missing that is an error")
    func missing() throws {
        #expect(try PackageFiles(folder: top + "/none").owners(of: "/usr/bin/sh") == nil)
        try Program.must(["sh", "-c", "mkdir -p \(top)/empty/info"])
        let error = #expect(throws: EnforceError.self) { try PackageFiles(folder: top + "/empty").owners(of: "/a") }
        #expect(error?.code == "packages.unreadable")
    }

    @Test(
        "this host's own lists are read, and a file that dpkg calls by its old path is known by its real one",
        .enabled(if: !TextFile.names(in: "/var/lib/dpkg/info").isEmpty, "needs dpkg"),
        arguments: [("/usr/bin/dpkg", ["dpkg"]), ("/usr/bin/ls", ["coreutils"]), ("/etc/passwd", [])])
    func real(_ row: (path: String, owners: [String])) throws {
        #expect(try PackageFiles().owners(of: row.path) == row.owners)
    }
}
