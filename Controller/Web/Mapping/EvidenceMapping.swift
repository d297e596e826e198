internal import ControllerAPI
internal import ControllerFleet
internal import CordonModel

extension EvidenceLine {
    /// - Parameter mayRead: Whether the reader may have the bytes.
    init(_ evidence: EvidenceRecord, host: String?, mayRead: Bool) {
        self.init(
            evidenceName: evidence.name, evidenceDetail: Self.detail(evidence.size, evidence.sha256, host),
            download: mayRead ? "\(API.root)/evidence/\(evidence.order)/content" : nil)
    }

    /// What a host says that it cut, which has not come yet.
    init(awaited evidence: Evidence) {
        self.init(
            evidenceName: evidence.name,
            evidenceDetail: "\(Self.detail(evidence.size, evidence.sha256, nil)); not here yet", download: nil)
    }

    private static func detail(_ size: Int64, _ sha256: [UInt8], _ host: String?) -> String {
        (host.map { "\($0), " } ?? "") + "\(size) bytes, SHA-256 \(HexDigit.text(sha256))"
    }
}
