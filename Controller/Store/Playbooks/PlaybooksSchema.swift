/// Tables of the playbooks domain.
enum PlaybooksSchema {
    static let v1: [String] = []
}
