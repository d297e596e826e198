internal import CordonModel

/// What is written down beside a piece of evidence.
struct EvidenceNote: Equatable {
    var evidence: Evidence
    /// When it was complete.
    var cutAt: Timestamp

    private static let version: UInt8 = 1

    init(_ evidence: Evidence, cutAt: Timestamp) {
        self.evidence = evidence
        self.cutAt = cutAt
    }

    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(Self.version)
        writer.put(text: evidence.name)
        writer.put(evidence.sha256)
        writer.put(evidence.size)
        writer.put(cutAt.microseconds)
        return writer.bytes
    }

    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard reader.byte() == Self.version, let name = reader.text(), let sha256 = reader.bytes(),
            let size = reader.number(), let cutAt = reader.number()
        else { return nil }
        self.init(Evidence(name: name, sha256: sha256, size: size), cutAt: Timestamp(microseconds: cutAt))
    }
}
