import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import ControllerRules
import CordonModel
import CordonOrders
import CordonScan
import CordonTrust
import HTTPTypes

/// For each route one call that goes well, in the fixture as it is.
struct Sample {
    /// What stands for `{…}` in the path.
    var parameters: [String: String] = [:]
    var body: JSONValue?
    /// A body that is no JSON.
    var bytes: [UInt8]?

    /// The sample of a route; `nil` for a route that nobody thought of.
    static func of(_ route: Route, in fixture: APIFixture) async throws -> Sample? {
        if let fixed = try await prepared(route.name, fixture) { return fixed }
        return bodies[route.name].map { Sample(parameters: parameters(fixture), body: $0) }
            ?? (plain.contains(route.name) ? Sample(parameters: parameters(fixture)) : nil)
    }

    /// The path of the call.
    func path(of route: Route) -> String {
        parameters.reduce(route.path) { path, parameter in
            path.split(separator: "{\(parameter.key)}", omittingEmptySubsequences: false).joined(
                separator: parameter.value)
        }
    }

    private static func parameters(_ fixture: APIFixture) -> [String: String] {
        ["case": fixture.file.label, "id": "\(WebFixture.web1.id)", "name": "viewer"]
    }

    /// Routes that need nothing but what is always there.
    private static let plain: Set<String> = [
        "me", "signOut", "listHosts", "getHost", "listBlocks", "listEnrolmentTokens", "listAlerts", "listCases",
        "getCase",
        "getTimeline",
        "getReport", "listOrders", "listStandingOrders", "listPlaybooks", "listRuns", "listTasks", "listAudit",
        "verifyAudit", "exportAudit",
        "listUsers", "listAPITokens", "listRulePacks", "listAssetGroups", "listReleases", "listUpgrades",
        "isLive", "isReady", "searchEvents", "getDocument", "getAuthority", "removeUser",
    ]

    private static let bodies: [String: JSONValue] = [
        "signIn": ["name": "viewer", "password": .text(WebFixture.password), "cookie": true],
        "changePassword": ["current": .text(WebFixture.password), "password": "another long password"],
        "revokeHost": ["reason": "stolen"],
        "createEnrolmentToken": ["uses": 3, "expires_in_s": 3600, "group": "web"],
        "openCase": ["title": "Odd traffic", "severity": "medium"],
        "setCaseStatus": ["status": "in_progress", "reason": "looking"],
        "assignCase": ["assignee": "analyst"],
        "setCaseSeverity": ["severity": "low"],
        "renameCase": ["title": "Guessed password"],
        "addNote": ["text": "Spoke to the owner."],
        "addObservable": ["kind": "domain-name", "value": "evil.example"],
        "addCaseTask": ["title": "Call the owner", "assignee": "analyst"],
        "submitOrder": [
            "host": .text("\(WebFixture.web1.id)"), "action": ["kind": "isolate", "duration_s": 600],
            "reason": "cut it off",
            "case": "C-1", "lifetime_s": 60,
        ],
        "createStandingOrder": [
            "host": .text("\(WebFixture.web1.id)"), "rule": "a rule", "action": "block_address", "subject": "source.ip",
            "duration_s": 600, "reason": "nights",
        ],
        "createUser": ["name": "newcomer", "role": "analyst"],
        "setAssetGroup": ["values": ["root", "alice"]],
        "setUserRole": ["role": "analyst"],
        "setUserPassword": ["password": "a password for a viewer"],
        "createAPIToken": ["name": "ticketing", "role": "viewer", "expires_in_s": 3600],
    ]

    /// Routes whose thing has to be made first.
    private static func prepared(_ name: String, _ fixture: APIFixture) async throws -> Sample? {
        let services = fixture.services
        switch name {
        case "withdrawEnrolmentToken":
            let token = try await services.fleet.createToken(
                uses: 1, lifetime: .seconds(600), group: "", controller: services.agentAddress, by: .system
            )
            return Sample(parameters: ["id": "\(token.record.id)"])
        case "revokeAPIToken":
            let token = try await services.access.createToken(
                name: "bot", role: .viewer, lifetime: .seconds(600), by: .system)
            return Sample(parameters: ["id": "\(token.token.id)"])
        case "getAlert":
            return Sample(parameters: ["id": "\(fixture.file.alerts[0].id)"])
        case "setCaseTask":
            let task = try await services.cases.addTask("Look", to: fixture.file.id, by: .system)
            return Sample(parameters: ["case": fixture.file.label, "task": "\(task.id)"], body: ["state": "done"])
        case "getOrder":
            return Sample(parameters: ["id": "\(try await fixture.order().id)"])
        case "withdrawStandingOrder":
            let order = StandingOrder(
                id: fixture.services.surroundings.identifier(), rule: "a rule", kind: .isolate, subject: .host,
                duration: .seconds(60), expiresAt: fixture.services.surroundings.now() + .seconds(3600),
                requestedBy: "responder", reason: "a test")
            let record = try await fixture.services.fleet.makeStanding(order, for: WebFixture.web1.id, by: .system)
            return Sample(parameters: ["id": "\(record.id)"])
        case "getOrderApprovals":
            return Sample(parameters: ["id": "\(try await fixture.order().id)"])
        case "approveOrder":
            let order = try await fixture.order()
            let approval = try Approval(of: order.signedOrder, with: WebFixture.approver)
            return Sample(
                parameters: ["id": "\(order.id)"],
                body: [
                    "key": .text(HexDigit.text(approval.keyID)), "signature": .text(HexDigit.text(approval.signature)),
                ])
        case "withdrawOrder":
            return Sample(parameters: ["id": "\(try await fixture.order().id)"], body: ["reason": "the wrong host"])
        case "undoOrder":
            let order = try await fixture.order(.isolate(Isolation(duration: .seconds(60))))
            return Sample(parameters: ["id": "\(order.id)"], body: ["reason": "false alarm"])
        case "getTask": return Sample(parameters: ["id": "\(fixture.task.id)"])
        case "decideTask":
            return Sample(
                parameters: ["id": "\(fixture.task.id)"], body: ["decision": "approve", "reason": "confirmed"])
        case "startHunt":
            return Sample(body: ["kind": "process", "parameters": ["name": "sshd"], "reason": "looking for it"])
        case "listEvidence": return Sample()
        case "getEvidence", "readEvidence":
            return Sample(parameters: ["id": "\(try await fixture.web.evidence([1, 2, 3]).order)"])
        case "listHunts": return Sample()
        case "getHunt", "cancelHunt", "listHuntResults":
            let hunt = try await services.fleet.startHunt(
                HuntQuestion(kind: .user, parameters: [:]), of: .all, mostHosts: 10, budget: HuntBudget(),
                lifetime: .seconds(600), reason: "looking", by: .system)
            return Sample(parameters: ["id": "\(hunt.id)"])
        case "getRun": return Sample(parameters: ["id": "\(fixture.task.run)"])
        case "cancelRun": return Sample(parameters: ["id": "\(fixture.task.run)"], body: ["reason": "not needed"])
        case "startRun":
            return Sample(body: ["playbook": "SSH break-in", "case": "C-1", "inputs": ["__question__": "Again?"]])
        case "getPlaybook": return Sample(parameters: ["id": try await fixture.playbook().id])
        case "importPlaybook":
            let entry = try await fixture.playbook()
            return Sample(parameters: ["id": entry.id], body: try JSONValue.parse(entry.bytes))
        case "validatePlaybook": return Sample(body: try JSONValue.parse(try await fixture.playbook().bytes))
        case "removeAssetGroup":
            _ = try await services.rules.groups.set("admins", to: ["root"], by: .system)
            return Sample(parameters: ["name": "admins"])
        case "publishRulePack":
            return Sample(body: ["name": "linux", "files": [["name": "nc.yml", "text": .text(rule)]]])
        case "stageRulePack": return Sample(body: ["version": .integer(try await staged(services).version)])
        case "tryRulePack": return Sample(parameters: ["version": "\(try await staged(services).version)"])
        case "unstageRulePack":
            try await services.rules.stage(try await staged(services).version, to: "web", by: .system)
            return Sample(body: ["group": "web"])
        case "addRelease":
            let signed = try ReleaseSample(fixture).signed
            return Sample(body: ["signed": .text(Base64URL.text(signed))])
        case "sendPackage":
            let made = try ReleaseSample(fixture)
            _ = try await services.fleet.addRelease(made.signed, by: .system)
            return Sample(parameters: ["sha256": HexDigit.text(made.release.files[0].sha256)], bytes: made.package)
        case "removeRelease":
            try await ReleaseSample(fixture).add(to: services)
            return Sample(parameters: ["version": "1%3A2.0%7Erc1"])
        case "startUpgrade":
            try await ReleaseSample(fixture).add(to: services)
            return Sample(body: ["version": "1:2.0~rc1", "rings": ["web", "*"], "soak_s": 60])
        case "getUpgrade", "pauseUpgrade", "cancelUpgrade", "resumeUpgrade":
            try await ReleaseSample(fixture).add(to: services)
            _ = try await services.fleet.startUpgrade(RolloutPlan(version: "1:2.0~rc1"), by: .system)
            if name == "resumeUpgrade" { _ = try await services.fleet.stepUpgrade(.pause, by: .system) }
            return Sample()
        case "rollBackRulePack":
            _ = try await staged(services)
            return Sample(body: ["group": ""])
        default: return nil
        }
    }

    private static let rule = """
        title: Netcat listens
        logsource:
          product: linux
        detection:
          selection:
            Image|endswith: /nc
          condition: selection
        level: high
        """

    private static func staged(_ services: APIServices) async throws -> PublishedPack {
        let pack = try await services.rules.publish(
            [.init(name: "nc.yml", text: rule)], name: "linux", by: .system)
        try await services.rules.stage(pack.version, to: "", by: .system)
        return pack
    }
}

/// A release of one package, signed by the root of a fixture's fleet.
struct ReleaseSample {
    let release: Release
    let package: [UInt8]
    let signed: [UInt8]

    init(_ fixture: APIFixture) throws { try self.init(fixture.web) }

    init(_ web: WebFixture, version: String = "1:2.0~rc1") throws {
        package = Array("no package of \(version)".utf8)
        release = Release(
            fleet: "acme", version: version, architecture: "amd64", createdAt: WebFixture.start,
            expiresAt: WebFixture.start + .seconds(86_400),
            files: [
                .init(package: "cordon-agent", size: Int64(package.count), sha256: Fingerprint(of: package).bytes)
            ])
        let root = try KeyFile.signingKey(at: "\(web.folder).root")
        signed = try ReleaseEnvelope(signing: release.serialized(), with: root).serialized()
    }

    func add(to services: APIServices) async throws {
        _ = try await services.fleet.addRelease(signed, by: .system)
        _ = try await services.fleet.addPackagePart(package, at: 0, of: release.files[0].sha256, by: .system)
    }
}
