/// Tables of the cases domain.
enum CasesSchema {
    static let v1: [String] = []
}
