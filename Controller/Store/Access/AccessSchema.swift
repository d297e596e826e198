/// Tables of the access domain.
enum AccessSchema {
    static let v1: [String] = []
}
