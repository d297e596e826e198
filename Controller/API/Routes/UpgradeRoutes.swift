internal import ControllerFleet
internal import CordonModel
internal import CordonScan
internal import CordonTrust
internal import HTTPTypes

extension API {
    /// Releases that the policy root signed, and bringing them to the fleet.
    static var upgradeRoutes: [Route] { releaseRoutes + rolloutRoutes }

    private static var releaseRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/releases", name: "listReleases", tag: "upgrades",
                summary: "Releases of the agent's and the enforcer's packages.", admission: .role(.viewer),
                answer: .json(.page("Release", ReleaseView.schema))
            ) { call in
                .page(await call.services.fleet.releases().map(ReleaseView.json), next: String?.none)
            },
            Route(
                method: .post, path: "\(root)/releases", name: "addRelease", tag: "upgrades",
                summary: "Adds a release that the policy root signed; its packages are sent afterwards.",
                admission: .role(.administrator),
                body: .json(
                    .object([
                        .required(
                            "signed", .text(.plain, length: 1...12_000),
                            "What `cordon upgrade sign` wrote, in base64url without padding.")
                    ])),
                status: .created, answer: .json(ReleaseView.schema),
                problems: [.conflict, .unprocessableContent]
            ) { call in
                guard let signed = Base64URL.bytes(call.text("signed")) else {
                    throw Problem.invalid([.init(pointer: "/signed", message: "is not base64url")])
                }
                let stock = try await call.services.fleet.addRelease(signed, by: call.principal())
                return .json(ReleaseView.json(stock))
            },
            Route(
                method: .post, path: "\(root)/releases/packages/{sha256}", name: "sendPackage", tag: "upgrades",
                summary: "Adds part of a package that a release names, where what is here of it ends.",
                admission: .role(.administrator),
                parameters: [.init("sha256", .text(.plain, length: 64...64), "Of the whole package, hexadecimal.")],
                query: [.init("offset", .integer(0...(256 << 20)), "Where the part begins.")], body: .bytes,
                answer: .json(.object([.required("arrived", .count, "Bytes of the package that are here now.")])),
                problems: [.notFound, .unprocessableContent], handle: sendPackage
            ),
            Route(
                method: .delete, path: "\(root)/releases/{version}", name: "removeRelease", tag: "upgrades",
                summary: "Forgets a release; refused while hosts have it or are to get it.",
                admission: .role(.administrator),
                parameters: [.init("version", .text(.plain, length: 1...100), "Of all architectures.")],
                status: .noContent, answer: .empty, problems: [.notFound, .conflict]
            ) { call in
                try await call.services.fleet.removeRelease(call.parameters["version"] ?? "", by: call.principal())
                return .empty
            },
        ]
    }

    @Sendable private static func sendPackage(_ call: Call) async throws -> Reply {
        guard let sum = HexDigit.bytes(call.parameters["sha256"] ?? ""), sum.count == 32 else { throw Problem.notFound }
        let arrived = try await call.services.fleet.addPackagePart(
            call.bytes, at: call.query["offset"]?.integer ?? 0, of: sum, by: call.principal())
        return .json(["arrived": .integer(arrived)])
    }

    private static var rolloutRoutes: [Route] {
        let steps: [(Fleet.UpgradeStep, String)] = [
            (.pause, "Has no further host take the release; those at it go on."),
            (.resume, "Goes on, also in spite of what stopped it."),
            (.cancel, "Ends the upgrade; hosts that have not begun to install stay as they are."),
        ]
        return [
            Route(
                method: .get, path: "\(root)/upgrades", name: "listUpgrades", tag: "upgrades",
                summary: "Upgrades of the fleet, newest first.", admission: .role(.viewer),
                query: [.init("limit", .integer(1...100), "At most so many; 20 unless given.")],
                answer: .json(.page("Upgrade", UpgradeView.schema))
            ) { call in
                let rollouts = try await call.services.fleet.rollouts(limit: Int(call.query["limit"]?.integer ?? 20))
                return .page(rollouts.map(UpgradeView.json), next: RolloutID?.none)
            },
            Route(
                method: .get, path: "\(root)/upgrades/newest", name: "getUpgrade", tag: "upgrades",
                summary: "The newest upgrade, host by host: a page of them.", admission: .role(.viewer),
                query: .page(
                    .init(
                        "hosts", .choice(["all", "look"]), "`look`: only the hosts that need one; `all` unless given.")
                ),
                answer: .json(UpgradeView.detail), problems: [.notFound]
            ) { call in
                guard let rollout = await call.services.fleet.rollout() else { throw FleetError.noUpgrade }
                let hosts = UpgradeView.HostPage(
                    isLook: call.query["hosts"]?.text == "look", after: try call.cursor(), limit: call.limit)
                return .json(UpgradeView.detail(rollout, hosts))
            },
            Route(
                method: .post, path: "\(root)/upgrades", name: "startUpgrade", tag: "upgrades",
                summary: "Brings a release to the fleet, ring by ring.", admission: .role(.administrator),
                body: .json(UpgradeView.request), status: .created, answer: .json(UpgradeView.schema),
                problems: [.notFound, .conflict, .unprocessableContent], handle: startUpgrade
            ),
        ]
            + steps.map { step, summary in
                Route(
                    method: .post, path: "\(root)/upgrades/newest/\(step.rawValue)", name: "\(step.rawValue)Upgrade",
                    tag: "upgrades", summary: summary, admission: .role(.administrator),
                    answer: .json(UpgradeView.schema), problems: [.notFound, .conflict]
                ) { call in
                    let rollout = try await call.services.fleet.stepUpgrade(step, by: call.principal())
                    return .json(UpgradeView.json(RolloutSummary(rollout)))
                }
            }
    }

    @Sendable private static func startUpgrade(_ call: Call) async throws -> Reply {
        var plan = RolloutPlan(version: call.text("version"))
        if let rings = call.body["rings"]?.texts { plan.rings = rings }
        if let soak = call.seconds("soak_s") { plan.soak = soak }
        if let failed = call.body["at_most_failed"]?.integer { plan.atMostFailed = Int(failed) }
        if let many = call.body["at_once"]?.integer { plan.atOnce = Int(many) }
        if let patience = call.seconds("patience_s") { plan.patience = patience }
        plan.isOneWay = call.body["no_way_back"]?.flag ?? false
        for ring in plan.rings where ring != RolloutPlan.rest { try await call.services.checkGroup(ring) }
        let rollout = try await call.services.fleet.startUpgrade(plan, by: call.principal())
        return .json(UpgradeView.json(RolloutSummary(rollout)))
    }
}
