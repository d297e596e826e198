internal import CordonModel

/// Which file is meant, for `quarantine_file` and `delete_file`.
package struct FileTarget: Sendable, Hashable {
    /// Absolute; no part of it may be a link.
    package var path: String
    /// SHA-256 in lower-case hex, where it is known: another file at the path is left alone.
    package var digest: String?
    /// Take it though it has other names (hard links); those stay.
    package var evenIfLinked: Bool

    package init(path: String, digest: String? = nil, evenIfLinked: Bool = false) {
        self.path = path
        self.digest = digest
        self.evenIfLinked = evenIfLinked
    }

    init(_ given: GivenParameters) throws(ActionError) {
        path = try given.text("path")
        digest = given.optionalText("sha256")
        evenIfLinked = given.flag("even_if_linked")
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = ["path": .text(path)]
        if let digest { parameters["sha256"] = .text(digest) }
        if evenIfLinked { parameters["even_if_linked"] = .flag(true) }
        return parameters
    }
}

extension CatalogueEntry {
    private static let file: [Parameter] = [
        .required("path", .path, "The file; no part of the path may be a link."),
        .optional("sha256", .digest, "What it holds, where that is known: another file is left alone."),
        .optional(
            "even_if_linked", .flag, "Take it though it has other names (hard links); those stay.", usual: "false"),
    ]

    private static let regular =
        "A regular file of at most 1 GiB, of no package, and not one that the system or Cordon stands on."

    static let quarantineFile = CatalogueEntry(
        kind: .quarantineFile, capability: .files, parameters: file, precondition: regular,
        effect: "The file is gone from its place; a sealed copy with all metadata is kept, root's alone, until it is "
            + "restored.",
        proof: "SHA-256 from the open file, size, owner, mode; probe: file_gone.", openC2: "contain file")

    static let restoreFile = CatalogueEntry(
        kind: .restoreFile, capability: .files,
        parameters: [.undone],
        precondition: "Nothing is at its place now.",
        effect: "Bytes, owner, mode, times, attributes and flags are as they were.",
        proof: "SHA-256 and metadata; probe: file_back.", openC2: "restore x-cordon:order")

    static let deleteFile = CatalogueEntry(
        kind: .deleteFile, capability: .files, parameters: file, precondition: regular,
        effect: "The file is removed for good.", proof: "SHA-256 from the open file; probe: file_gone.",
        openC2: "delete file")
}
