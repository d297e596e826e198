internal import CordonModel

/// How rules see events of one kind: which log sources they count as, and what Sigma calls their fields. A static table
/// (the names are those of Sysmon for Linux and of the web server taxonomy); every event has its ECS names too.
enum EventView: Sendable, Hashable, CaseIterable {
    case processCreation, fileEvent, networkConnection, firewall, webServer, sudo, log

    /// What Sigma calls a field; `nil` where it has no name of its own.
    func names(_ field: ECSField) -> [FieldName] { Self.tables[self]?[field] ?? [] }

    private static let tables: [EventView: [ECSField: [FieldName]]] = [
        .processCreation: processNames.merging(creationNames) { $1 },
        .fileEvent: processNames.merging(fileNames) { $1 },
        .networkConnection: processNames.merging(connectionNames) { $1 },
        .firewall: firewallNames,
        .webServer: webNames,
        .sudo: sudoNames,
        .log: [:],
    ]

    private static let processNames: [ECSField: [FieldName]] = [
        .processExecutable: ["Image"], .processPID: ["ProcessId"], .processEntityID: ["ProcessGuid"],
        .userEffectiveName: ["User"],
    ]
    private static let creationNames: [ECSField: [FieldName]] = [
        .processCommandLine: ["CommandLine"], .processWorkingDirectory: ["CurrentDirectory"],
        .auditSession: ["LogonId"], .processHashSHA256: ["sha256"], .processParentPID: ["ParentProcessId"],
        .processParentEntityID: ["ParentProcessGuid"], .processParentExecutable: ["ParentImage"],
        .processParentCommandLine: ["ParentCommandLine"],
    ]
    private static let fileNames: [ECSField: [FieldName]] = [.filePath: ["TargetFilename"]]
    private static let connectionNames: [ECSField: [FieldName]] = [
        .sourceIP: ["SourceIp"], .sourcePort: ["SourcePort"], .sourceDomain: ["SourceHostname"],
        .destinationIP: ["DestinationIp"], .destinationPort: ["DestinationPort"],
        .destinationDomain: ["DestinationHostname"], .networkTransport: ["Protocol"],
    ]
    private static let firewallNames: [ECSField: [FieldName]] = [
        .sourceIP: ["src_ip"], .sourcePort: ["src_port"], .destinationIP: ["dst_ip"], .destinationPort: ["dst_port"],
        .eventAction: ["action"],
    ]
    private static let webNames: [ECSField: [FieldName]] = [
        .sourceIP: ["c-ip"], .httpRequestMethod: ["cs-method"], .urlPath: ["cs-uri-stem"], .urlQuery: ["cs-uri-query"],
        .urlOriginal: ["c-uri", "cs-uri"], .httpResponseStatus: ["sc-status"], .httpResponseBytes: ["sc-bytes"],
        .userAgent: ["cs-user-agent", "c-useragent"], .httpRequestReferrer: ["cs-referer", "cs-referrer"],
        .urlDomain: ["cs-host"], .userName: ["cs-username"],
    ]
    private static let sudoNames: [ECSField: [FieldName]] = [
        .userEffectiveName: ["USER"], .processCommandLine: ["COMMAND"], .processWorkingDirectory: ["PWD"],
        .processTTY: ["TTY"],
    ]
}

// MARK: - Which view, and which log sources

extension EventView {
    /// What the event is, and what it counts as.
    static func of(_ event: borrowing Event) -> (view: EventView, logSources: [LogSource]) {
        let categories = event.texts(.eventCategory)
        if categories.contains("web") { return (.webServer, web(event)) }
        if let program = event.text(.logSyslogAppName), program != "kernel" { return logged(by: program) }
        let module = event.text(.eventModule)
        if categories.contains("process"), event.texts(.eventType).contains("start"),
            event.text(.processExecutable) != nil || module == "processes"
        {
            return (.processCreation, LogSource.processCreation)
        }
        // What ended, and what only listens, is of no category that rules have.
        if module == "processes" { return (.log, LogSource.linux) }
        if module == "sockets", !event.texts(.eventType).contains("connection") { return (.log, LogSource.linux) }
        if categories.contains("file"), event.text(.filePath) != nil { return (.fileEvent, file(event)) }
        if categories.contains("network") {
            let isFirewall = event.text(.ingressInterface) != nil || event.text(.firewallPrefix) != nil
            return isFirewall ? (.firewall, LogSource.firewall) : (.networkConnection, LogSource.networkConnection)
        }
        return (.log, LogSource.syslog)
    }

    private static func logged(by program: String) -> (view: EventView, logSources: [LogSource]) {
        switch program {
        case "sshd", "sshd-session", "sshd-auth": (.log, LogSource.sshd)
        case "sudo": (.sudo, LogSource.sudo)
        case "cron", "crond", "CRON", "CROND", "crontab", "anacron": (.log, LogSource.cron)
        case "su", "login", "systemd-logind", "polkitd", "pkexec", "passwd", "chpasswd", "useradd", "userdel",
            "usermod",
            "groupadd", "groupdel", "groupmod", "chage", "gpasswd":
            (.log, LogSource.auth)
        case "clamd", "freshclam", "clamav", "clamscan": (.log, LogSource.clamav)
        case "vsftpd": (.log, LogSource.vsftpd)
        case "guacd", "guacamole": (.log, LogSource.guacamole)
        default: (.log, LogSource.syslog)
        }
    }

    /// Sysmon's file event is that a file was made, or made anew.
    private static func file(_ event: borrowing Event) -> [LogSource] {
        let types = event.texts(.eventType)
        let isMade = types.contains("creation") || types.contains("change")
        return isMade && event.text(.eventOutcome) != "failure" ? LogSource.fileEvent : LogSource.linux
    }

    private static func web(_ event: borrowing Event) -> [LogSource] {
        let origin = [event.text(.eventModule), event.text(.eventDataset), event.text(.eventProvider)]
        for text in origin {
            guard let text else { continue }
            if text.hasPrefix("nginx") { return LogSource.nginx }
            if text.hasPrefix("apache") { return LogSource.apache }
        }
        return LogSource.webServer
    }
}

// One array each, so that telling two of them apart looks at an address only.
extension LogSource {
    static let processCreation = [LogSource(product: "linux", category: "process_creation")]
    static let fileEvent = [LogSource(product: "linux", category: "file_event")]
    static let networkConnection = [LogSource(product: "linux", category: "network_connection")]
    static let linux = [LogSource(product: "linux")]
    static let firewall = [
        LogSource(product: "linux", category: "firewall"), LogSource(product: "linux", service: "syslog"),
    ]
    static let webServer = [LogSource(product: "linux", category: "webserver")]
    static let nginx = [LogSource(product: "linux", category: "webserver", service: "nginx")]
    static let apache = [LogSource(product: "linux", category: "webserver", service: "apache")]
    static let auditd = [LogSource(product: "linux", service: "auditd")]
    static let syslog = services("syslog")
    static let auth = services("auth", "syslog")
    static let sshd = services("sshd", "auth", "syslog")
    static let sudo = services("sudo", "auth", "syslog")
    static let cron = services("cron", "syslog")
    static let clamav = services("clamav", "syslog")
    static let vsftpd = services("vsftpd", "syslog")
    static let guacamole = services("guacamole", "syslog")

    private static func services(_ names: String...) -> [LogSource] {
        names.map { LogSource(product: "linux", service: $0) }
    }
}
