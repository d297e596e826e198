internal import CordonModel

/// Which file is fetched, and how much of it, for `collect_file`.
package struct FileCollection: Sendable, Hashable {
    /// Absolute; no part of it may be a link.
    package var path: String
    /// SHA-256 in lower-case hex, where it is known: another file at the path is not fetched.
    package var digest: String?
    /// Of a longer file the beginning is fetched. Bytes.
    package var mostBytes: Int64

    /// Bytes that are fetched unless the order says how many.
    package static let usualBytes: Int64 = 64 << 20

    package init(path: String, digest: String? = nil, mostBytes: Int64 = usualBytes) {
        self.path = path
        self.digest = digest
        self.mostBytes = mostBytes
    }

    init(_ given: GivenParameters) throws(ActionError) {
        path = try given.text("path")
        digest = given.optionalText("sha256")
        mostBytes = given.optionalNumber("most_bytes") ?? Self.usualBytes
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = ["path": .text(path), "most_bytes": .number(mostBytes)]
        if let digest { parameters["sha256"] = .text(digest) }
        return parameters
    }
}

/// How much a `triage` may bring, and how long it may take.
package struct Triage: Sendable, Hashable {
    /// Bytes of the whole archive.
    package var mostBytes: Int64
    /// What is not told in that time is left out, and that is said.
    package var patience: Duration

    /// How long it may take unless the order says so.
    package static let usualPatience: Duration = .seconds(60)

    package init(mostBytes: Int64 = FileCollection.usualBytes, patience: Duration = usualPatience) {
        self.mostBytes = mostBytes
        self.patience = patience
    }

    init(_ given: GivenParameters) {
        mostBytes = given.optionalNumber("most_bytes") ?? FileCollection.usualBytes
        patience = given.optionalNumber("time_s").map { .seconds($0) } ?? Self.usualPatience
    }

    var parameters: [String: FieldValue] {
        ["most_bytes": .number(mostBytes), "time_s": .number(patience.wholeSeconds)]
    }
}

extension CatalogueEntry {
    /// Bytes of one piece of evidence at most.
    static let largestEvidence: Int64 = 1 << 30

    static let collectFile = CatalogueEntry(
        kind: .collectFile, capability: .files,
        parameters: [
            .required("path", .path, "The file; no part of the path may be a link."),
            .optional("sha256", .digest, "What it holds, where that is known: another file is not fetched."),
            .optional(
                "most_bytes", .bytes(1...largestEvidence),
                "Of a longer file the beginning is fetched, and that is said.",
                usual: "\(FileCollection.usualBytes)"),
        ],
        precondition:
            "A regular file that local policy does not keep secret; room for it in the host's evidence and in the hour's bytes.",
        effect:
            "Nothing changes. A copy is evidence of the order: kept by the host until the controller has it, then kept "
            + "there (`cordon evidence`).",
        proof: "SHA-256, size, owner, mode and time; whether it was cut, has holes or was written to meanwhile. Probe: "
            + "evidence_kept.",
        openC2: "copy file")

    /// Bytes below which a triage is not begun.
    package static let smallestTriage: Int64 = 1 << 20

    static let triage = CatalogueEntry(
        kind: .triage, capability: .processes,
        parameters: [
            .optional(
                "most_bytes", .bytes(smallestTriage...largestEvidence), "Of the whole archive.",
                usual: "\(FileCollection.usualBytes)"),
            .optional(
                "time_s", .seconds(5...300),
                "What is not told in that time is left out, and that is said.",
                usual: "\(Triage.usualPatience.wholeSeconds)"),
        ],
        precondition: "Room for it in the host's evidence and in the hour's bytes.",
        effect:
            "Nothing changes. A tar archive of tables (NDJSON) is evidence of the order: processes with the SHA-256 of what "
            + "they run, sockets with their processes, open files, logins, kernel modules, mounts, the firewall, the host, "
            + "accounts, what starts by itself, what was changed in the last week in the usual places, and files of packages "
            + "that are not as they came. `manifest.ndjson` says when each was told, whether it is whole, and what could not be "
            + "looked into. No environments, password hashes or private keys.",
        proof: "Each table with its rows and whether it is whole. Probe: evidence_kept.", openC2: "investigate device")
}
