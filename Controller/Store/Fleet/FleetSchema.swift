/// Tables of the fleet domain.
enum FleetSchema {
    static let v1: [String] = []
}
