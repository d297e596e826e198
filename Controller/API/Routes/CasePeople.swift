internal import ControllerAccess
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension APIServices {
    /// The user of that name, as the name is kept: work that is given to nobody who could do it is not done.
    /// - Throws: ``Problem`` `case.no_such_person` with those that there are.
    func person(_ name: String) async throws -> String {
        let users = try await access.users()
        let wanted = name.lowercased()
        if let user = users.first(where: { $0.name == wanted }) { return user.name }
        let shown = users.prefix(20).map(\.name).joined(separator: ", ") + (users.count > 20 ? ", …" : "")
        throw Problem(
            .unprocessableContent, "case.no_such_person", "There is no user “\(name.prefix(64))”.",
            remedy: "There are these: \(shown).")
    }
}

extension Call {
    /// The user whom the body names; `nil` for nobody.
    func assignee() async throws -> String? {
        guard let name = body["assignee"]?.text else { return nil }
        return try await services.person(name)
    }
}
