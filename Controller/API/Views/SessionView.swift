internal import ControllerAccess
internal import CordonModel
internal import CordonScan

/// Who is asking, as the API shows it.
enum SessionView {
    static let me = Schema.named("Me", .object(properties))
    static let created = Schema.named(
        "SignIn",
        .object(
            properties + [
                .required("token", .string, "For `Authorization: Bearer`. Secret."),
                .required("form_token", .string, "For the header \(FormGuard.header), when a cookie is used. Secret."),
            ]
        )
    )

    private static let properties: [Schema.Property] = [
        .required("name", .string, "As it stands in the audit chain."),
        .required("role", .choice(of: Role.self)),
        .required("kind", .choice(["session", "api_token"])),
        .required("expires_at", .instant),
    ]

    static func json(_ credential: Credential) -> JSONValue {
        [
            "name": .text(credential.principal.name),
            "role": .text(credential.principal.role.rawValue),
            "kind": .text(credential.kind.rawValue),
            "expires_at": .text("\(credential.expiresAt)"),
        ]
    }
}
