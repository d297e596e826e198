internal import CordonModel

/// Parameters of `block_executable`: nobody on the host starts a program.
package struct ExecutableBlock: Sendable, Hashable {
    /// Which program.
    package enum Subject: Sendable, Hashable {
        /// Absolute; no part of it may be a link.
        case path(String)
        /// SHA-256 of its content, lower-case hex.
        case digest(String)

        /// `/tmp/x`, or 64 hexadecimal digits: what tells one from another.
        package var text: String {
            switch self {
            case .path(let text), .digest(let text): text
            }
        }

        /// For people: `/tmp/x`, or `the content with SHA-256 0f…`.
        package var words: String {
            switch self {
            case .path(let path): path
            case .digest(let digest): "the content with SHA-256 \(digest)"
            }
        }

        /// Reads what `text` gives.
        package init?(_ text: String) {
            if text.hasPrefix("/") {
                self = .path(text)
            } else if text.utf8.count == 64, HexDigit.bytes(text) != nil {
                self = .digest(text)
            } else {
                return nil
            }
        }
    }

    package var subject: Subject
    /// How long; the host ends it. Whole seconds, at least one.
    package var duration: Duration

    package init(_ subject: Subject, duration: Duration) {
        self.subject = subject
        self.duration = duration
    }

    init(_ given: GivenParameters) throws(ActionError) {
        let isPath = try given.eitherIsGiven("path", "sha256")
        self.init(
            isPath ? .path(try given.text("path")) : .digest(try given.text("sha256")),
            duration: try given.seconds("duration_s"))
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = ["duration_s": .number(duration.wholeSeconds)]
        switch subject {
        case .path(let path): parameters["path"] = .text(path)
        case .digest(let digest): parameters["sha256"] = .text(digest)
        }
        return parameters
    }
}

extension CatalogueEntry {
    static let blockExecutable = CatalogueEntry(
        kind: .blockExecutable, capability: .executables,
        parameters: [
            .optional("path", .path, "The program; no part of the path may be a link, and its folder must be there."),
            .optional("sha256", .digest, "What the program holds, wherever it is; instead of a path."), .duration,
        ],
        precondition:
            "cordon-guard.service runs. A path of no package, and no program that the host, sign-in or Cordon "
            + "stands on or that local policy protects; a content that is none of theirs, running or installed. At most 64 "
            + "are blocked.",
        effect:
            "Starting it fails with EPERM, for everybody. By path: the file that is there now, by any of its names and "
            + "where it is moved to, and whatever is put at the path later. By hash: any file of that content on the "
            + "host's own disks and memory. What runs already goes on (kill_process). Not stopped: what is given to an "
            + "interpreter or to the dynamic loader as an argument; libraries; files of network and FUSE file systems; "
            + "what a package puts there, programs that the host stands on, and those that local policy protects and only "
            + "root can have put there, whatever they hold by then. "
            + "By hash also: a file over 256 MiB, one whose disk does not give it within 10 seconds (counted and told), "
            + "one that changes between looking and running, one in no file system but memory (memfd_create), and one "
            + "whose file system is mounted only in another mount namespace. By path also: the same file read through an "
            + "overlay, and, where the file system has no handles, a file that was moved.",
        proof:
            "cordon-guard says that it holds the list, and what it asks the kernel about. Probes: guard_holds_list; by hash "
            + "also all_disks_guarded, which fails, while the block stays in force where it can be, when a disk on which "
            + "programs could start cannot be guarded.", openC2: "deny file")

    static let unblockExecutable = CatalogueEntry(
        kind: .unblockExecutable, capability: .executables, parameters: [.undone], precondition: "",
        effect: "The program starts again.", proof: "cordon-guard says that it holds the list without it.",
        openC2: "allow x-cordon:order, args.x-cordon.did block_executable")
}
