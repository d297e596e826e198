internal import ControllerRules
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension API {
    private static let groupParameter = [
        Route.Parameter("name", .text(.plain, length: 1...AssetGroups.longestName), "The group's name.")
    ]

    /// The lists of values that placeholders of Sigma rules are filled from.
    static var assetGroupRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/asset-groups", name: "listAssetGroups", tag: "rules",
                summary: "Lists of values that fill the placeholders of rules, by name.", admission: .role(.viewer),
                answer: .json(.page("AssetGroup", AssetGroupView.schema))
            ) { call in
                .page(try await call.services.rules.groups.all().map(AssetGroupView.json), next: String?.none)
            },
            Route(
                method: .put, path: "\(root)/asset-groups/{name}", name: "setAssetGroup", tag: "rules",
                summary: "Makes a group or gives it other values; packs that are published stay as they are.",
                admission: .role(.administrator), parameters: groupParameter,
                body: .json(.object([.required("values", AssetGroupView.values)])),
                answer: .json(AssetGroupView.schema), problems: [.unprocessableContent], mostBytes: 2 << 20
            ) { call in
                let values = (call.body["values"]?.array ?? []).compactMap(\.text)
                let group = try await call.services.rules.groups.set(
                    call.parameters["name"] ?? "", to: values, by: call.principal())
                return .json(AssetGroupView.json(group))
            },
            Route(
                method: .delete, path: "\(root)/asset-groups/{name}", name: "removeAssetGroup", tag: "rules",
                summary: "Removes a group; packs that were made with it stay as they are.",
                admission: .role(.administrator), parameters: groupParameter, status: .noContent, answer: .empty,
                problems: [.notFound]
            ) { call in
                try await call.services.rules.groups.remove(call.parameters["name"] ?? "", by: call.principal())
                return .empty
            },
        ]
    }
}

/// Asset groups as the API shows them.
enum AssetGroupView {
    static let values = Schema.list(.sentence(AssetGroups.longestValue), most: AssetGroups.mostValues)

    static let schema = Schema.named(
        "AssetGroup",
        .object([
            .required("name", .string, "The placeholder, without percent signs."), .required("values", values),
            .required("changed_at", .instant), .required("changed_by", .string),
        ])
    )

    static func json(_ group: AssetGroup) -> JSONValue {
        [
            "name": .text(group.name), "values": .array(group.values.map { .text($0) }),
            "changed_at": .text("\(group.changedAt)"), "changed_by": .text(group.changedBy),
        ]
    }
}
