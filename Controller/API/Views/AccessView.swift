internal import ControllerAccess
internal import ControllerFleet
internal import CordonModel
internal import CordonScan

/// Users as the API shows them.
enum UserView {
    static let schema = Schema.named("User", .object(properties))
    static let created = Schema.named(
        "NewUser",
        .object(
            properties + [.required("password", .nullable(.string), "The one that was made up. Shown once. Secret.")])
    )

    private static let properties: [Schema.Property] = [
        .required("id", .identifier), .required("name", .string), .required("role", .choice(of: Role.self)),
        .required("created_at", .instant), .required("password_changed_at", .instant),
    ]

    static func json(_ user: User) -> JSONValue {
        [
            "id": .text("\(user.id)"), "name": .text(user.name), "role": .text(user.role.rawValue),
            "created_at": .text("\(user.createdAt)"), "password_changed_at": .text("\(user.passwordChangedAt)"),
        ]
    }
}

/// API tokens as the API shows them.
enum APITokenView {
    static let schema = Schema.named("APIToken", .object(properties))
    static let created = Schema.named(
        "NewAPIToken", .object(properties + [.required("secret", .string, "Shown once. Secret.")])
    )

    private static let properties: [Schema.Property] = [
        .required("id", .identifier), .required("name", .string), .required("role", .choice(of: Role.self)),
        .required("created_by", .string), .required("created_at", .instant), .required("expires_at", .instant),
        .required("revoked_at", .nullable(.instant)), .required("is_valid", .flag),
    ]

    static func json(_ token: APIToken, at now: Timestamp) -> JSONValue {
        [
            "id": .text("\(token.id)"), "name": .text(token.name), "role": .text(token.role.rawValue),
            "created_by": .text(token.createdBy), "created_at": .text("\(token.createdAt)"),
            "expires_at": .text("\(token.expiresAt)"), "revoked_at": .describing(token.revokedAt),
            "is_valid": .flag(token.isValid(at: now)),
        ]
    }
}

/// Enrolment tokens as the API shows them.
enum EnrolmentTokenView {
    static let schema = Schema.named("EnrolmentToken", .object(properties))
    static let created = Schema.named(
        "NewEnrolmentToken",
        .object(properties + [.required("secret", .string, "What `cordon-agent enroll` takes. Shown once. Secret.")])
    )

    private static let properties: [Schema.Property] = [
        .required("id", .identifier), .required("group", .string), .required("uses", .count), .required("used", .count),
        .required("created_by", .string), .required("created_at", .instant), .required("expires_at", .instant),
        .required("withdrawn_at", .nullable(.instant)), .required("is_valid", .flag),
    ]

    static func json(_ token: TokenRecord, at now: Timestamp) -> JSONValue {
        let isValid = token.withdrawnAt == nil && token.used < token.uses && now < token.expiresAt
        return [
            "id": .text("\(token.id)"), "group": .text(token.group), "uses": .integer(Int64(token.uses)),
            "used": .integer(Int64(token.used)), "created_by": .text(token.createdBy),
            "created_at": .text("\(token.createdAt)"), "expires_at": .text("\(token.expiresAt)"),
            "withdrawn_at": .describing(token.withdrawnAt), "is_valid": .flag(isValid),
        ]
    }
}

extension JSONValue {
    /// The object with one more member.
    func with(_ name: String, _ value: JSONValue) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[name] = value
        return .object(members)
    }
}
