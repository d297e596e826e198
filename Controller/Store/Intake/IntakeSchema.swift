/// Tables of the intake domain.
enum IntakeSchema {
    static let v1: [String] = []
}
