/// Tables of the audit domain.
enum AuditSchema {
    static let v1: [String] = []
}
