/// Names a hunt's identifier.
package enum HuntSubject {}
package typealias HuntID = Identifier<HuntSubject>

/// What a hunt may look at. Closed: a hunt only reads, and never runs anything that it was sent.
package enum HuntKind: String, Sendable, Hashable, Codable, CaseIterable {
    case process
    case socket
    case user
    case file
    case package
    case persistence
    case journal

    /// What may narrow it. Texts with `*` and `?`, letter case ignored, unless said otherwise.
    package var parameters: Set<String> {
        switch self {
        case .process: ["name", "executable", "command_line", "user"]
        // `address` is an address or a network, `port` a number, `state` as `listen`.
        case .socket: ["address", "port", "state"]
        case .user, .package: ["name"]
        // `sha256` is 64 hexadecimal digits.
        case .file: ["path", "sha256"]
        case .persistence: ["path"]
        // `text` stands in the message, taken as it is.
        case .journal: ["text"]
        }
    }

    /// What must be given.
    package var required: Set<String> {
        switch self {
        case .file: ["path"]
        case .journal: ["text"]
        default: []
        }
    }
}

/// One question, as it is asked of every host of a hunt.
package struct HuntQuestion: Sendable, Hashable, Codable {
    package var kind: HuntKind
    package var parameters: [String: String]

    package init(kind: HuntKind, parameters: [String: String]) {
        self.kind = kind
        self.parameters = parameters
    }

    /// Bytes of one parameter's value.
    package static let longestValue = 1024

    /// What is wrong with it, for people; `nil` when it can be asked.
    package var fault: String? {
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            guard kind.parameters.contains(name) else {
                let known = kind.parameters.sorted().joined(separator: ", ")
                return "\(kind.rawValue) is narrowed by \(known), not by \(name.prefix(64))"
            }
            guard !value.isEmpty, value.utf8.count <= Self.longestValue, !value.utf8.contains(0) else {
                return "\(name) needs 1 to \(Self.longestValue) bytes"
            }
            if let fault = Self.fault(of: name, value) { return fault }
        }
        return kind.required.sorted().first { parameters[$0] == nil }.map { "\(kind.rawValue) needs \($0)" }
    }

    private static func fault(of name: String, _ value: String) -> String? {
        switch name {
        case "port": UInt16(value) == nil ? "port is a number up to 65535" : nil
        case "address": Network(value) == nil ? "address is an address or a network" : nil
        case "sha256": HexDigit.bytes(value)?.count == 32 ? nil : "sha256 is 64 hexadecimal digits"
        case "path": value.hasPrefix("/") ? nil : "path begins with /"
        default: nil
        }
    }
}

/// What one host may spend on a hunt.
package struct HuntBudget: Sendable, Hashable, Codable {
    /// Rows and bytes of the answer at most.
    package var rows: Int
    package var bytes: Int
    package var time: Duration
    /// Of one core.
    package var cpuPercent: Int

    package init(rows: Int = 1000, bytes: Int = 1 << 20, time: Duration = .seconds(60), cpuPercent: Int = 20) {
        self.rows = min(max(rows, 1), 10_000)
        self.bytes = min(max(bytes, 1024), 16 << 20)
        self.time = min(max(time, .seconds(1)), .seconds(3600))
        self.cpuPercent = min(max(cpuPercent, 1), 100)
    }
}

/// How one host's answer stands.
package enum HuntHostState: String, Sendable, Hashable, Codable, CaseIterable {
    /// The host was not reached yet.
    case waiting
    /// The question is with it.
    case asked
    /// All was looked at.
    case done
    /// A bound was reached first.
    case truncated
    case failed
    /// Its agent does not answer such questions.
    case unsupported
    case cancelled
    /// The hunt was over before it answered.
    case expired

    /// Whether nothing more will come.
    package var isFinal: Bool { self != .waiting && self != .asked }
}
