internal import ControllerAccess
internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird

extension API {
    /// Signing in and out, and who one is.
    static var sessionRoutes: [Route] {
        [
            Route(
                method: .post, path: "\(root)/session", name: "signIn", tag: "session",
                summary: "Signs in: answers with a bearer token, and sets the console's cookie when asked to.",
                admission: .anyone,
                body: .json(
                    .object([
                        .required("name", .sentence(256)), .required("password", .sentence(1024)),
                        .optional("cookie", .flag, "Also set the session's cookie."),
                    ])
                ),
                status: .created, answer: .json(SessionView.created), problems: [.unauthorized, .tooManyRequests],
                handle: signIn
            ),
            Route(
                method: .delete, path: "\(root)/session", name: "signOut", tag: "session",
                summary: "Ends the session that asks.", admission: .role(.viewer), status: .noContent, answer: .empty
            ) { call in
                try await call.services.access.signOut(call.credential())
                return .empty
            },
            Route(
                method: .get, path: "\(root)/me", name: "me", tag: "session",
                summary: "Who is asking, and with what role.",
                admission: .role(.viewer), answer: .json(SessionView.me)
            ) { call in .json(SessionView.json(try call.credential())) },
        ]
    }

    @Sendable private static func signIn(_ call: Call) async throws -> Reply {
        let signIn = try await call.services.access.signIn(
            call.text("name"), password: call.text("password"), from: call.scope.source
        )
        var headers = HTTPFields()
        if call.body["cookie"]?.flag == true { headers[.setCookie] = call.services.cookie.setting(signIn) }
        guard case .object(var members) = SessionView.json(signIn.credential) else { return .empty }
        members["token"] = .text(signIn.token)
        members["form_token"] = .text(signIn.credential.formToken)
        return .jsonWith(.object(members), headers: headers)
    }
}
