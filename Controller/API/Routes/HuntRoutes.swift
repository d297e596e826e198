internal import ControllerFleet
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension API {
    /// One question to many hosts.
    static var huntRoutes: [Route] {
        [
            Route(
                method: .post, path: "\(root)/hunts", name: "startHunt", tag: "hunts",
                summary: "Asks many hosts one question; those that are offline when they come.",
                admission: .role(.responder), body: .json(HuntView.request), status: .created,
                answer: .json(HuntView.schema), problems: [.notFound, .conflict, .unprocessableContent],
                handle: startHunt
            ),
            Route(
                method: .get, path: "\(root)/hunts", name: "listHunts", tag: "hunts", summary: "Hunts, newest first.",
                admission: .role(.analyst), query: .page(), answer: .json(.page("Hunt", HuntView.schema))
            ) { call in
                let hunts = try await call.services.fleet.hunts(before: try call.cursor(), limit: call.limit + 1)
                let page = hunts.prefix(call.limit)
                return .page(page.map(HuntView.json), next: hunts.count > page.count ? page.last?.id : nil)
            },
            Route(
                method: .get, path: "\(root)/hunts/{id}", name: "getHunt", tag: "hunts",
                summary: "One hunt, with how each host's answer stands.", admission: .role(.analyst),
                parameters: .identifier, answer: .json(HuntView.detail), problems: [.notFound]
            ) { call in .json(HuntView.detail(try await call.services.fleet.hunt(call.identifier()))) },
            Route(
                method: .get, path: "\(root)/hunts/{id}/results", name: "listHuntResults", tag: "hunts",
                summary: "What was found, in the order in which it came; ask again with `next` for what comes later.",
                admission: .role(.analyst), parameters: .identifier, query: .page(),
                answer: .json(.page("HuntResult", HuntView.row)), problems: [.notFound], handle: listHuntResults
            ),
            Route(
                method: .post, path: "\(root)/hunts/{id}/cancel", name: "cancelHunt", tag: "hunts",
                summary: "Ends a hunt; what was found stays.", admission: .role(.responder), parameters: .identifier,
                answer: .json(HuntView.schema), problems: [.notFound]
            ) { call in
                .json(HuntView.json(try await call.services.fleet.cancelHunt(call.identifier(), by: call.principal())))
            },
        ]
    }

    @Sendable private static func startHunt(_ call: Call) async throws -> Reply {
        guard let kind: HuntKind = call.choice("kind") else { throw Problem.invalid([]) }
        var parameters: [String: String] = [:]
        let given = call.body["parameters"]?.object ?? JSONObject()
        for name in given.keys { parameters[name] = given[name]?.text }
        let scope: HuntScope
        switch (call.body["hosts"]?.texts, call.body["group"]?.text) {
        case (let hosts?, nil): scope = .hosts(hosts.compactMap { AgentID($0) })
        case (nil, let group?): scope = .group(group)
        case (nil, nil): scope = .all
        default: throw Problem.invalid([.init(pointer: "/group", message: "stands beside hosts: give one of them")])
        }
        let budget = HuntBudget(
            rows: Int(call.body["rows"]?.integer ?? 1000), bytes: Int(call.body["bytes"]?.integer ?? 1 << 20),
            time: call.seconds("time_s") ?? .seconds(60), cpuPercent: Int(call.body["cpu_percent"]?.integer ?? 20))
        let hunt = try await call.services.fleet.startHunt(
            HuntQuestion(kind: kind, parameters: parameters), of: scope,
            mostHosts: Int(call.body["most_hosts"]?.integer ?? 1000), budget: budget,
            lifetime: call.seconds("expires_in_s") ?? .seconds(3600), reason: call.text("reason"),
            by: call.principal())
        return .json(HuntView.json(hunt))
    }

    @Sendable private static func listHuntResults(_ call: Call) async throws -> Reply {
        let id: HuntID = try call.identifier()
        let cursor = call.query["cursor"]?.text
        guard let after = Int64(cursor ?? "0") else {
            throw Problem.invalid([.init(pointer: "?cursor", message: "is not a cursor that a page gave")])
        }
        _ = try await call.services.fleet.hunt(id)
        let rows = try await call.services.fleet.huntRows(id, after: after, limit: call.limit)
        // Rows may come later: the place that was reached is always told once there is one.
        return .page(rows.map(HuntView.json), next: rows.last.map { "\($0.number)" } ?? cursor)
    }
}
