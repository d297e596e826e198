package import CordonModel

/// What can go wrong between a person or program and the door.
package struct AccessError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String
    /// How long to wait before another try makes sense; `nil` when waiting does not help.
    package let retryAfter: Duration?

    package init(code: String, message: String, remedy: String = "", retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.retryAfter = retryAfter
    }
}

extension AccessError {
    /// One answer for an unknown name and for a wrong password: a caller learns nothing about who exists.
    package static let wrongPassword = AccessError(
        code: "access.sign_in_refused",
        message: "The name or the password is not right.",
        remedy: "Try again, or ask an administrator to set a new password."
    )

    /// No credential, or one that is unknown, ended or expired.
    package static let notSignedIn = AccessError(
        code: "access.not_signed_in",
        message: "The session or API token is missing, has ended or was revoked.",
        remedy: "Sign in again with `cordon login`, or use a valid API token."
    )

    /// Too many sign-ins failed.
    package static func tooManyAttempts(retryAfter: Duration) -> AccessError {
        AccessError(
            code: "access.too_many_attempts",
            message: "Too many sign-ins failed for this name or from this address.",
            remedy: "Wait \(max(1, retryAfter.wholeSeconds)) seconds and try again.",
            retryAfter: retryAfter
        )
    }

    /// More password checks are waiting than the controller takes on.
    package static let busy = AccessError(
        code: "access.busy",
        message: "The controller is checking as many passwords as it can.",
        remedy: "Try again in a few seconds.",
        retryAfter: .seconds(5)
    )

    /// `init` was run before.
    package static let alreadyInitialised = AccessError(
        code: "access.already_initialised",
        message: "This controller already has users, so the first administrator was made before.",
        remedy: "Sign in as an administrator and add users with `cordon user create`."
    )

    /// It would lock everybody out.
    package static let lastAdministrator = AccessError(
        code: "access.last_administrator",
        message: "This is the last administrator, and without one nobody could manage the fleet.",
        remedy: "Make another user administrator first."
    )

    /// The name is in use.
    package static func nameTaken(_ name: String) -> AccessError {
        AccessError(code: "access.name_taken", message: "The name \(name) is in use.", remedy: "Choose another name.")
    }

    /// No such user.
    package static func unknownUser(_ name: String) -> AccessError {
        AccessError(
            code: "access.unknown_user", message: "There is no user named \(name).",
            remedy: "List them with `cordon user list`."
        )
    }

    /// No such API token.
    package static func unknownToken(_ id: TokenID) -> AccessError {
        AccessError(
            code: "access.unknown_token", message: "There is no API token \(id).",
            remedy: "List them with `cordon apitoken list`."
        )
    }

    /// The name cannot be a user's or token's.
    package static let malformedName = AccessError(
        code: "access.malformed_name",
        message:
            "A name is 1 to 64 characters of a-z, 0-9, dot, dash, underscore or @, and starts with a letter or digit.",
        remedy: "Choose such a name."
    )

    /// The password is too short or too long.
    package static let weakPassword = AccessError(
        code: "access.weak_password",
        message: "A password has at least \(Password.shortest) characters and at most \(Password.longest) bytes.",
        remedy: "Choose such a password."
    )

    /// The lifetime of an API token is out of bounds.
    package static let tokenLifetime = AccessError(
        code: "access.token_lifetime",
        message: "An API token lives at least one minute and at most 366 days.",
        remedy: "Choose a lifetime in between."
    )
}
