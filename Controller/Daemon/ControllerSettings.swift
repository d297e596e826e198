internal import ControllerCases
internal import ControllerIntake
internal import ControllerPlaybooks
internal import CordonModel
internal import CordonSettings
internal import CordonTrust
internal import Logging

/// `controller.toml` and its drop-ins.
struct ControllerSettings: Sendable {
    /// The data folder.
    var data: String
    /// Where agents connect.
    var agents: Endpoint
    /// Where people and their programs connect.
    var people: Endpoint
    /// What enrolment tokens tell agents to dial; the first address of the fleet with the agents' port where it is not set.
    var announced: ControllerAddress?
    var logLevel: Logger.Level
    /// How long and how much is kept: `[events] keep_days, keep_bytes`.
    var retention: Retention
    /// How long hunts that are over are kept: `[hunts] keep_days`.
    var huntRetention: Duration
    /// How long evidence is kept, and how many bytes of it: `[evidence] keep_days, keep_bytes`.
    var evidenceRetention: Duration
    var evidenceBytes: Int64
    /// Which hosts playbooks may call over HTTP, as `host` or `host:port`. None by default.
    var callable: [String]
    /// A PEM file of authorities whose servers playbooks may call beside those that the system trusts.
    var callAuthorities: String?
    /// Which alerts start which playbook.
    var rules: [PlaybookRule]

    static let agentsPort: UInt16 = 7443
    static let peoplePort: UInt16 = 8443

    /// Reads the file and its drop-ins; the file may be absent unless it is required.
    static func load(_ file: String, required: Bool) throws -> ControllerSettings {
        let folder = file.hasSuffix(".toml") ? String(file.dropLast(5)) + ".d" : file + ".d"
        return try read(try Settings.load(file: file, dropIns: folder, required: required))
    }

    private static func read(_ document: Settings) throws -> ControllerSettings {
        var top = document.section("")
        var listen = document.section("listen")
        var calls = document.section("http_calls")
        var events = document.section("events")
        var hunts = document.section("hunts")
        var evidence = document.section("evidence")
        let announced = try top.optionalText("agents_dial")
        if let announced, ControllerAddress(announced) == nil {
            throw ControllerError(
                "settings.agents_dial",
                "\(top.origin(of: "agents_dial")): agents_dial must be name:port or address:port.")
        }
        var sections: [SettingsSection] = []
        let rules = try rules(document, &sections)
        let settings = ControllerSettings(
            data: try top.text("data", default: "/var/lib/cordon-controller"),
            agents: try endpoint(&listen, "agents", Endpoint(.v6(high: 0, low: 0), port: agentsPort)),
            people: try endpoint(&listen, "people", Endpoint(.v4(0x7F00_0001), port: peoplePort)),
            announced: announced.flatMap { ControllerAddress($0) },
            logLevel: try level(&top),
            retention: Retention(
                eventDays: Int(try events.integer("keep_days", default: 30, in: 1...3650)),
                eventBytes: try events.integer("keep_bytes", default: 50 << 30, in: (64 << 20)...(1 << 50))),
            huntRetention: .seconds(try hunts.integer("keep_days", default: 90, in: 1...3650) * 86_400),
            evidenceRetention: .seconds(try evidence.integer("keep_days", default: 365, in: 1...36_500) * 86_400),
            evidenceBytes: try evidence.integer("keep_bytes", default: 50 << 30, in: (1 << 20)...(1 << 50)),
            callable: try calls.texts("allow", default: []),
            callAuthorities: try calls.optionalText("authorities"),
            rules: rules.isEmpty ? defaultRules : rules
        )
        try document.finish([top, listen, calls, events, hunts, evidence] + sections)
        return settings
    }

    private static func endpoint(_ section: inout SettingsSection, _ key: String, _ fallback: Endpoint) throws
        -> Endpoint
    {
        let text = try section.text(key, default: "\(fallback)")
        guard let endpoint = Endpoint(text) else {
            throw ControllerError(
                "settings.listen",
                "\(section.origin(of: key)): \(key) must be an address and port, as \"0.0.0.0:7443\" or \"[::]:7443\".")
        }
        return endpoint
    }

    private static func level(_ section: inout SettingsSection) throws -> Logger.Level {
        let text = try section.text("log_level", default: "info")
        guard let level = Logger.Level(rawValue: text) else {
            throw ControllerError(
                "settings.log_level",
                "\(section.origin(of: "log_level")): log_level must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))."
            )
        }
        return level
    }

    /// `[playbook_rule.NAME]` sections, by name.
    private static func rules(_ document: Settings, _ sections: inout [SettingsSection]) throws -> [PlaybookRule] {
        var rules: [PlaybookRule] = []
        for name in document.parts(of: "playbook_rule") {
            var section = document.section("playbook_rule.\(name)")
            let severity = try section.text("minimum_severity", default: "high")
            guard let severity = Severity(rawValue: severity) else {
                throw ControllerError(
                    "settings.severity",
                    "\(section.origin(of: "minimum_severity")): minimum_severity must be informational, low, medium, high or critical."
                )
            }
            rules.append(
                PlaybookRule(
                    alertRule: try section.text("alert_rule"), minimumSeverity: severity,
                    playbook: try section.text("playbook")))
            sections.append(section)
        }
        return rules
    }

    /// What holds where no rule is set: an intrusion over SSH is contained, with a person asked before the host is cut off.
    static let defaultRules = [
        PlaybookRule(
            alertRule: "cordon.sshd.*", minimumSeverity: .high, playbook: BuiltInPlaybooks.containSSHIntrusionID)
    ]
}

/// What is wrong with how the controller is set up or started.
struct ControllerError: ActionableError {
    let code: String
    let message: String
    let remedy: String

    init(_ code: String, _ message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}
