/// One piece of evidence on a page.
package struct EvidenceLine: Sendable {
    package var evidenceName: String
    /// Host, size and SHA-256.
    package var evidenceDetail: String
    /// Where the bytes are; `nil` when the reader may not have them, or they have not come.
    package var download: String?

    package init(evidenceName: String, evidenceDetail: String, download: String?) {
        self.evidenceName = evidenceName
        self.evidenceDetail = evidenceDetail
        self.download = download
    }
}
