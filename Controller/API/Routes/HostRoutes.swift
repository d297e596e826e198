internal import ControllerFleet
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension API {
    /// The hosts of the fleet.
    static var hostRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/hosts", name: "listHosts", tag: "hosts", summary: "Hosts, newest first.",
                admission: .role(.viewer),
                query: .page(
                    .init("name", .text(.plain, length: 1...255), "Only hosts of this name, letter case ignored."),
                    .init("state", .choice(HostView.states), "Only hosts in this state."),
                    .init("group", .text(.plain, length: 1...63), "Only hosts of this group.")
                ),
                answer: .json(.page("Host", HostView.schema)), handle: listHosts
            ),
            Route(
                method: .get, path: "\(root)/hosts/{id}", name: "getHost", tag: "hosts", summary: "One host.",
                admission: .role(.viewer), parameters: .identifier, answer: .json(HostView.schema),
                problems: [.notFound]
            ) { call in
                let id: AgentID = try call.identifier()
                guard let host = try await call.services.fleet.host(id) else { throw FleetError.unknownHost(id) }
                return .json(try await HostView.json(host, call.services))
            },
            Route(
                method: .get, path: "\(root)/hosts/{id}/blocks", name: "listBlocks", tag: "hosts",
                summary: "What blocks addresses on a host, as it last said: blocks, and lists by name.",
                admission: .role(.viewer), parameters: .identifier,
                query: [.init("network", .network, "Only what blocks an address of this network.")],
                answer: .json(BlockView.page), problems: [.notFound]
            ) { call in
                let id: AgentID = try call.identifier()
                guard let host = try await call.services.fleet.host(id) else { throw FleetError.unknownHost(id) }
                let network = call.query["network"]?.text.flatMap { Network($0) }
                return .json(try await BlockView.json(host, of: network, call.services))
            },
            Route(
                method: .post, path: "\(root)/hosts/{id}/revoke", name: "revokeHost", tag: "hosts",
                summary: "Puts a host out of the fleet: cut within a second, and kept out.",
                admission: .role(.administrator),
                parameters: .identifier, body: .json(.object([.required("reason", .sentence(1000))])),
                answer: .json(HostView.schema), problems: [.notFound]
            ) { call in
                let host = try await call.services.fleet.revoke(
                    call.identifier(), by: call.principal(), reason: call.text("reason"))
                return .json(HostView.json(host))
            },
        ]
    }

    @Sendable private static func listHosts(_ call: Call) async throws -> Reply {
        let before: AgentID? = try call.cursor()
        let name = call.query["name"]?.text?.lowercased()
        let (state, group) = (call.query["state"]?.text, call.query["group"]?.text)
        let hosts = try await call.services.fleet.hosts().sorted { $0.id > $1.id }.lazy
            .filter { host in before.map { host.id < $0 } ?? true }
            .filter { host in name.map { $0 == host.name.lowercased() } ?? true }
            .filter { host in state.map { $0 == HostView.state(host) } ?? true }
            .filter { host in group.map { $0 == host.group } ?? true }
            .prefix(call.limit + 1)
        let page = Array(hosts.prefix(call.limit))
        return .page(page.map(HostView.json), next: hosts.count > call.limit ? page.last?.id : nil)
    }

    /// The tokens that hosts enrol with.
    static var enrolmentRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/enrolment-tokens", name: "listEnrolmentTokens", tag: "hosts",
                summary: "Enrolment tokens, newest first, without their secrets.", admission: .role(.administrator),
                query: .page(), answer: .json(.page("EnrolmentToken", EnrolmentTokenView.schema))
            ) { call in
                let before: TokenID? = try call.cursor()
                let all = try await call.services.fleet.tokens().sorted { $0.id > $1.id }
                let rest = all.filter { token in before.map { token.id < $0 } ?? true }
                let (page, now) = (rest.prefix(call.limit), call.services.surroundings.now())
                let items = page.map { EnrolmentTokenView.json($0, at: now) }
                return .page(items, next: rest.count > page.count ? page.last?.id : nil)
            },
            Route(
                method: .post, path: "\(root)/enrolment-tokens", name: "createEnrolmentToken", tag: "hosts",
                summary: "Makes an enrolment token; its secret is in the answer and nowhere else.",
                admission: .role(.administrator),
                body: .json(
                    .object([
                        .required("uses", .integer(1...100_000)), .required("expires_in_s", .integer(60...7_776_000)),
                        .optional("group", .text(.plain, length: 0...63)),
                    ])
                ),
                status: .created, answer: .json(EnrolmentTokenView.created)
            ) { call in
                let new = try await call.services.fleet.createToken(
                    uses: Int(call.body["uses"]?.integer ?? 1),
                    lifetime: call.seconds("expires_in_s") ?? .seconds(3600),
                    group: call.text("group"), controller: call.services.agentAddress, by: call.principal()
                )
                let json = EnrolmentTokenView.json(new.record, at: call.services.surroundings.now())
                return .json(json.with("secret", .text(new.text)))
            },
            Route(
                method: .delete, path: "\(root)/enrolment-tokens/{id}", name: "withdrawEnrolmentToken", tag: "hosts",
                summary: "Makes an enrolment token useless; hosts that enrolled with it stay.",
                admission: .role(.administrator),
                parameters: .identifier, status: .noContent, answer: .empty, problems: [.notFound]
            ) { call in
                try await call.services.fleet.withdrawToken(call.identifier(), by: call.principal())
                return .empty
            },
        ]
    }
}
