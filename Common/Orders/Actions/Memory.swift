internal import CordonModel

/// Whose memory is fetched, and how much of it, for `collect_process_memory`.
package struct MemoryCollection: Sendable, Hashable {
    /// One process alone.
    package var target: ProcessTarget
    /// Of the whole file. Bytes.
    package var mostBytes: Int64
    /// It goes on after that in any case; zero for one that is not to be stopped at all. Whole seconds.
    package var longestStill: Duration

    /// Bytes unless the order says how many.
    package static let usualBytes: Int64 = 256 << 20
    /// How long it may stand still unless the order says so.
    package static let usualStill: Duration = .seconds(30)

    package init(
        target: ProcessTarget, mostBytes: Int64 = usualBytes, longestStill: Duration = usualStill
    ) {
        self.target = target
        self.mostBytes = mostBytes
        self.longestStill = longestStill
    }

    init(_ given: GivenParameters) throws(ActionError) {
        target = try ProcessTarget(given)
        mostBytes = given.optionalNumber("most_bytes") ?? Self.usualBytes
        longestStill = given.optionalNumber("still_s").map { .seconds($0) } ?? Self.usualStill
    }

    var parameters: [String: FieldValue] {
        var parameters = target.parameters
        parameters["scope"] = nil
        parameters["most_bytes"] = .number(mostBytes)
        parameters["still_s"] = .number(longestStill.wholeSeconds)
        return parameters
    }
}

extension CatalogueEntry {
    static let collectProcessMemory = CatalogueEntry(
        kind: .collectProcessMemory, capability: .processes,
        parameters: oneProcess + [
            .optional(
                "most_bytes", .bytes(1 << 20...largestEvidence),
                "Of the whole file; of more, what is the process's own comes before what files hold.",
                usual: "\(MemoryCollection.usualBytes)"),
            .optional(
                "still_s", .seconds(0...300),
                "How long it may stand still; it goes on afterwards in any case. 0 copies it while it runs.",
                usual: "\(MemoryCollection.usualStill.wholeSeconds)"),
        ],
        precondition:
            "Local policy says `collect_memory = true`, which it does not by itself: memory holds passwords, keys and what "
            + "people wrote. The process runs, with that start time, and executable where it is given; it is none that local "
            + "policy protects, and none of Cordon's own. Room for it in the host's evidence and in the hour's bytes.",
        effect:
            "The process stands still while its memory is copied (ptrace), and goes on afterwards, also when the enforcer "
            + "is killed meanwhile; a call in which it waits may end with EINTR. A core file (ELF), which gdb and tools of "
            + "forensics read, is evidence of the order: every page that the process has, in memory or swapped out, at its "
            + "address, its threads' registers, and what is mapped. Pages that it never touched, or that only a file has, "
            + "are not among it, nor memory of devices, nor pages of files of network and FUSE file systems, which may never "
            + "come, but for what the process changed of them.",
        proof:
            "How many bytes, pieces and threads; how long it stood still; mappings that were left out, with why; pages that "
            + "could not be read. Probes: evidence_kept, process_goes_on.",
        openC2: "copy process")
}
