internal import CordonModel

extension Parameter.Kind {
    /// In words, for people: what it is, its unit and bounds.
    package var words: String {
        switch self {
        case .number(let range):
            range.upperBound == .max
                ? "a number from \(range.lowerBound)" : "a number from \(range.lowerBound) to \(range.upperBound)"
        case .bytes(let range): "\(range.lowerBound) to \(range.upperBound) bytes"
        case .seconds(let range): "\(range.lowerBound) to \(range.upperBound) seconds"
        case .path: "an absolute path"
        case .network: "an address or network"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .flag: "true or false"
        case .digest: "SHA-256 in hexadecimal digits"
        case .identifier: "a UUID"
        case .userName: "the name of a user"
        case .unitName: "the name of a systemd unit"
        case .keyFingerprint: "SHA256: and 43 characters of base64"
        case .label: "1 to 32 lower-case letters, digits, - and _"
        case .networks: "at most \(AddressList.most) networks"
        case .document(let most): "a text of at most \(most) bytes"
        case .words(let most): "a line of at most \(most) bytes"
        case .domain: "a domain of at most \(DomainName.longest) characters"
        case .line: "one line of at most \(Parameter.longestLine) bytes"
        case .ports: "ports, as tcp/22,udp/1000-2000, at most \(PortRange.mostInList) ranges"
        }
    }

    /// Of a number, the least and the most.
    package var bounds: ClosedRange<Int64>? {
        switch self {
        case .number(let range), .bytes(let range), .seconds(let range): range
        default: nil
        }
    }

    /// What a number counts: `seconds`, `bytes`; `nil` where its name says it.
    package var unit: String? {
        switch self {
        case .bytes: "bytes"
        case .seconds: "seconds"
        default: nil
        }
    }

    /// The words that may be given, where only some may.
    package var choices: [String]? { if case .choice(let words) = self { words } else { nil } }

    /// A value of the kind.
    var example: String {
        switch self {
        case .number(let range), .bytes(let range): "\(range.lowerBound)"
        case .seconds(let range): "\(min(max(3600, range.lowerBound), range.upperBound))"
        case .path: "/tmp/.x/miner"
        case .network: "203.0.113.7"
        case .choice(let words): words.first ?? ""
        case .flag: "true"
        case .digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        case .identifier: "0195c0de-7a3b-7c4d-8e5f-0123456789ab"
        case .userName: "mallory"
        case .unitName: "miner.service"
        case .keyFingerprint: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
        case .label: "drop"
        case .networks: "203.0.113.7 198.51.100.0/24"
        case .document: "rule r { condition: filesize > 1MB }"
        case .words: "nc*"
        case .domain: "evil.example"
        case .line: "* * * * * root /tmp/.x/miner"
        case .ports: "tcp/22,udp/1000-2000"
        }
    }
}

extension CatalogueEntry {
    /// Values that make an action of the kind, in the order of its parameters: those that must be given and, where one of
    /// several must, one of them.
    package var example: [(name: String, value: String)] {
        let chosen =
            switch kind {
            case .blockExecutable, .yaraScan: "path"
            case .unblockAddress: "network"
            case .disableCronEntry: "entry"
            default: ""
            }
        return parameters.filter { $0.isRequired || $0.name == chosen }.map { ($0.name, $0.example) }
    }

    /// What the kind is told, in a sentence: `It takes network (an address or network), and if wanted ports (…).`
    var telling: String {
        func list(_ some: [Parameter]) -> String {
            some.map { "\($0.name) (\($0.kind.words))" }.joined(separator: ", ")
        }
        let (needed, others) = (parameters.filter(\.isRequired), parameters.filter { !$0.isRequired })
        let told =
            switch (needed.isEmpty, others.isEmpty) {
            case (true, true): "no parameters"
            case (false, true): list(needed)
            case (true, false): "any of \(list(others))"
            case (false, false): "\(list(needed)), and if wanted \(list(others))"
            }
        return "It takes \(told); `cordon actions \(kind.rawValue)` says more."
    }
}
