internal import ControllerFleet
internal import ControllerRules
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension API {
    /// Packs of Sigma rules that agents run.
    static var ruleRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/rule-packs", name: "listRulePacks", tag: "rules",
                summary: "Packs of Sigma rules, newest first, and which hosts run which.", admission: .role(.viewer),
                answer: .json(RulePackView.list)
            ) { call in
                let rules = call.services.rules
                return .json(
                    RulePackView.json(
                        try await rules.all(), staged: rules.staged(), inUse: call.services.fleet.rulesInUse()))
            },
            Route(
                method: .post, path: "\(root)/rule-packs", name: "publishRulePack", tag: "rules",
                summary: "Compiles Sigma rules into a pack; with one fault the pack is refused whole.",
                admission: .role(.administrator), body: .document, status: .created,
                answer: .json(RulePackView.schema), problems: [.unprocessableContent],
                mostBytes: 4 << 20, handle: publishRules
            ),
            Route(
                method: .post, path: "\(root)/rule-packs/stage", name: "stageRulePack", tag: "rules",
                summary: "Has hosts run a pack from now on.", admission: .role(.administrator),
                body: .json(
                    .object([
                        .required("version", .integer(0...9_007_199_254_740_991), "0 for no rules."),
                        .optional(
                            "group", .text(.plain, length: 0...63),
                            "The hosts of this group; empty for all whose group has no staging of its own."),
                    ])
                ), answer: .json(RulePackView.staging), problems: [.notFound, .unprocessableContent]
            ) { call in
                try await call.services.checkGroup(call.text("group"))
                let staging = try await call.services.rules.stage(
                    call.body["version"]?.integer ?? 0, to: call.text("group"), by: call.principal())
                return .json(RulePackView.json(staging))
            },
            Route(
                method: .post, path: "\(root)/rule-packs/unstage", name: "unstageRulePack", tag: "rules",
                summary: "Has the hosts of a group follow again what is staged to all others.",
                admission: .role(.administrator),
                body: .json(.object([.required("group", .text(.plain, length: 1...63))])),
                answer: .json(RulePackView.staging), problems: [.conflict]
            ) { call in
                .json(
                    RulePackView.json(
                        try await call.services.rules.unstage(call.text("group"), by: call.principal())))
            },
            Route(
                method: .post, path: "\(root)/rule-packs/roll-back", name: "rollBackRulePack", tag: "rules",
                summary: "Has hosts run again what they ran before the last staging.",
                admission: .role(.administrator),
                body: .json(.object([.optional("group", .text(.plain, length: 0...63))])),
                answer: .json(RulePackView.staging), problems: [.conflict]
            ) { call in
                .json(
                    RulePackView.json(
                        try await call.services.rules.rollBack(call.text("group"), by: call.principal())))
            },
        ]
    }

    @Sendable private static func publishRules(_ call: Call) async throws -> Reply {
        let limits = JSONValue.Limits(depth: 4, bytes: 4 << 20, nodes: 50_000)
        guard let document = try? JSONValue.parse(call.bytes, limits: limits), let name = document["name"]?.text,
            (1...100).contains(name.utf8.count), let entries = document["files"]?.array
        else { throw Problem.invalid([.init(pointer: "", message: "is not {name, files: [{name, text}]}")]) }
        let files = try entries.enumerated().map { place, entry in
            guard let name = entry["name"]?.text, let text = entry["text"]?.text else {
                throw Problem.invalid([.init(pointer: "/files/\(place)", message: "has no name or no text")])
            }
            return RulePacks.File(name: String(name.prefix(300)), text: text)
        }
        let pack = try await call.services.rules.publish(
            files, name: name, by: call.principal())
        return .json(RulePackView.json(pack))
    }
}
