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

extension CatalogueEntry {
    /// Bytes of one piece of evidence at most.
    static let largestEvidence: Int64 = 1 << 30

    static let collectFile = CatalogueEntry(
        kind: .collectFile, capability: .files,
        parameters: [
            .required("path", .path, "The file; no part of the path may be a link."),
            .optional("sha256", .digest, "What it holds, where that is known: another file is not fetched."),
            .optional(
                "most_bytes", .number(1...largestEvidence),
                "Of a longer file the beginning is fetched, and that is said; 67108864 unless given."),
        ],
        precondition:
            "A regular file that local policy does not keep secret; room for it in the host's evidence and in the hour's bytes.",
        effect:
            "Nothing changes. A copy is evidence of the order: kept by the host until the controller has it, then kept "
            + "there (`cordon evidence`).",
        proof: "SHA-256, size, owner, mode and time; whether it was cut, has holes or was written to meanwhile. Probe: "
            + "evidence_kept.",
        openC2: "copy file")
}
