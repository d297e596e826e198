internal import ControllerAccess
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension API {
    private static let userParameter = [Route.Parameter("name", .text(.plain, length: 1...64), "The user's name.")]
    private static let password = Schema.text(.plain, length: Password.shortest...Password.longest)

    /// People.
    static var userRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/users", name: "listUsers", tag: "access",
                summary: "Everybody who may sign in, by name.",
                admission: .role(.administrator), answer: .json(.page("User", UserView.schema))
            ) { call in .page(try await call.services.access.users().map(UserView.json), next: String?.none) },
            Route(
                method: .post, path: "\(root)/users", name: "createUser", tag: "access",
                summary: "Makes a user; without a password one is made up and shown once.",
                admission: .role(.administrator),
                body: .json(
                    .object([
                        .required("name", .sentence(64)), .required("role", .choice(of: Role.self)),
                        .optional("password", password),
                    ])
                ),
                status: .created, answer: .json(UserView.created), problems: [.conflict, .unprocessableContent]
            ) { call in
                let new = try await call.services.access.createUser(
                    name: call.text("name"), role: call.choice("role") ?? .viewer,
                    password: call.body["password"]?.text,
                    by: call.principal()
                )
                return .json(UserView.json(new.user).with("password", .optional(new.password)))
            },
            Route(
                method: .delete, path: "\(root)/users/{name}", name: "removeUser", tag: "access",
                summary: "Removes a user, ends the sessions, and revokes the API tokens that the user made.",
                admission: .role(.administrator), parameters: userParameter, status: .noContent, answer: .empty,
                problems: [.notFound, .conflict]
            ) { call in
                try await call.services.access.removeUser(call.parameters["name"] ?? "", by: call.principal())
                return .empty
            },
            Route(
                method: .put, path: "\(root)/users/{name}/role", name: "setUserRole", tag: "access",
                summary: "Changes what a user may do.", admission: .role(.administrator), parameters: userParameter,
                body: .json(.object([.required("role", .choice(of: Role.self))])), status: .noContent, answer: .empty,
                problems: [.notFound, .conflict]
            ) { call in
                let role: Role = call.choice("role") ?? .viewer
                try await call.services.access.setRole(
                    of: call.parameters["name"] ?? "", to: role, by: call.principal())
                return .empty
            },
            Route(
                method: .put, path: "\(root)/users/{name}/password", name: "setUserPassword", tag: "access",
                summary: "Sets a password and ends the user's sessions.", admission: .role(.administrator),
                parameters: userParameter,
                body: .json(.object([.required("password", password)])), status: .noContent, answer: .empty,
                problems: [.notFound]
            ) { call in
                let name = call.parameters["name"] ?? ""
                try await call.services.access.setPassword(of: name, to: call.text("password"), by: call.credential())
                return .empty
            },
            Route(
                method: .put, path: "\(root)/me/password", name: "changePassword", tag: "session",
                summary: "Changes one's own password and ends one's other sessions.", admission: .role(.viewer),
                body: .json(.object([.required("current", .sentence(1024)), .required("password", password)])),
                status: .noContent, answer: .empty, problems: [.tooManyRequests]
            ) { call in
                try await call.services.access.changePassword(
                    of: call.credential(), from: call.text("current"), to: call.text("password"), at: call.scope.source
                )
                return .empty
            },
        ]
    }

    /// Programs.
    static var apiTokenRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/api-tokens", name: "listAPITokens", tag: "access",
                summary: "API tokens, newest first, without their secrets.", admission: .role(.administrator),
                answer: .json(.page("APIToken", APITokenView.schema))
            ) { call in
                let now = call.services.surroundings.now()
                return .page(
                    try await call.services.access.tokens().map { APITokenView.json($0, at: now) }, next: String?.none)
            },
            Route(
                method: .post, path: "\(root)/api-tokens", name: "createAPIToken", tag: "access",
                summary: "Makes an API token; its secret is in the answer and nowhere else.",
                admission: .role(.administrator),
                body: .json(
                    .object([
                        .required("name", .sentence(64)), .required("role", .choice(of: Role.self)),
                        .required("expires_in_s", .integer(60...31_622_400)),
                    ])
                ),
                status: .created, answer: .json(APITokenView.created), problems: [.unprocessableContent]
            ) { call in
                let new = try await call.services.access.createToken(
                    name: call.text("name"), role: call.choice("role") ?? .viewer,
                    lifetime: call.seconds("expires_in_s") ?? .seconds(3600), by: call.principal()
                )
                let json = APITokenView.json(new.token, at: call.services.surroundings.now())
                return .json(json.with("secret", .text(new.secret)))
            },
            Route(
                method: .delete, path: "\(root)/api-tokens/{id}", name: "revokeAPIToken", tag: "access",
                summary: "Ends an API token at once.", admission: .role(.administrator), parameters: .identifier,
                status: .noContent, answer: .empty, problems: [.notFound]
            ) { call in
                try await call.services.access.revokeToken(call.identifier(), by: call.principal())
                return .empty
            },
        ]
    }
}
