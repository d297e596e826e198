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
        // `text` stands in the message: no wildcards. `from` and `to` bound when journald got it, in RFC 3339. Beside
        // them fields by the journal's own names, such as _SYSTEMD_UNIT, whose values are taken as they are.
        case .journal: ["text", "from", "to"]
        }
    }

    /// Whether it is narrowed by that.
    private func takes(_ parameter: String) -> Bool {
        parameters.contains(parameter) || self == .journal && JournalField.isName(parameter)
    }

    /// What must be given.
    package var required: Set<String> {
        switch self {
        case .file: ["path"]
        default: []
        }
    }

    /// What is wrong with a parameter of that name, if anything.
    fileprivate func fault(of parameter: String) -> String? {
        guard !takes(parameter) else { return nil }
        let known = parameters.sorted() + (self == .journal ? ["fields of the journal such as _SYSTEMD_UNIT"] : [])
        return "\(rawValue) is narrowed by \(known.joined(separator: ", ")), not by \(parameter.prefix(64))"
    }
}

/// Names of the fields of systemd's journal.
package enum JournalField {
    /// systemd.journal-fields(7): capital letters, digits and underscores, not a digit first; at most 64.
    package static func isName(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first, !(48...57).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
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

    /// Parameters at most: the contract's bound.
    package static let mostParameters = 8
    /// Bytes of one parameter's value.
    package static let longestValue = 1024

    /// What is wrong with it, for people; `nil` when it can be asked.
    package var fault: String? {
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            if let fault = kind.fault(of: name) { return fault }
            guard !value.isEmpty, value.utf8.count <= Self.longestValue, !value.utf8.contains(0) else {
                return "\(name) needs 1 to \(Self.longestValue) bytes"
            }
            if let fault = Self.fault(of: name, value) { return fault }
        }
        guard parameters.count <= Self.mostParameters else {
            return "it has more than \(Self.mostParameters) conditions"
        }
        // All that a journal holds is no answer to a question.
        if kind == .journal, parameters.isEmpty { return "journal needs a text, a field or a time" }
        return kind.required.sorted().first { parameters[$0] == nil }.map { "\(kind.rawValue) needs \($0)" }
    }

    private static func fault(of name: String, _ value: String) -> String? {
        switch name {
        case "port": UInt16(value) == nil ? "port is a number up to 65535" : nil
        case "address": Network(value) == nil ? "address is an address or a network" : nil
        case "sha256": HexDigit.bytes(value)?.count == 32 ? nil : "sha256 is 64 hexadecimal digits"
        case "path": value.hasPrefix("/") ? nil : "path begins with /"
        case "from", "to": Timestamp(rfc3339: value) == nil ? "\(name) is a time as 2026-11-21T06:00:00Z" : nil
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
