internal import ArgumentParser
internal import CordonScan

/// `cordon logout`
struct Logout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End the session, here and at the controller.",
        discussion: """
            EXAMPLES
              cordon logout
            """
    )

    func run() async throws {
        guard let stored = try Settings.stored() else { return Terminal.print("Nobody is signed in here.") }
        do {
            _ = try await Client.use(stored) { try await $0.send(.delete, "/api/v1/session") }
        } catch let complaint as Complaint where complaint.exit == .notSignedIn || complaint.exit == .unreachable {
            if complaint.exit == .unreachable { Terminal.complain("The session ends here only: \(complaint.message)") }
        }
        try Settings.forget()
        Terminal.print("Signed out.")
    }
}

/// `cordon whoami`
struct WhoAmI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Say who is signed in, and with what role.",
        discussion: """
            EXAMPLES
              cordon whoami
            """
    )
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let me = try await Client.use { try await $0.get("/api/v1/me") }
        output.show(me) { me in
            Details.lines([
                ("name", me["name"]?.text), ("role", me["role"]?.text),
                ("until", me["expires_at"]?.text.map(Shown.instant)),
            ])
        }
    }
}
