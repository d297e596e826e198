internal import CordonModel

extension Parameter {
    /// What is wrong with a value, as the end of a sentence, with the bounds and their unit; `nil` for a good one.
    func fault(in value: FieldValue) -> String? {
        switch (kind, value) {
        case (.number(let range), .number(let number)), (.seconds(let range), .number(let number)),
            (.bytes(let range), .number(let number)):
            range.contains(number) ? nil : "is not \(kind.words)"
        case (.number, _), (.seconds, _), (.bytes, _): "is no whole number: it is \(kind.words)"
        case (.flag, .flag): nil
        case (.flag, _): "is neither true nor false"
        case (_, .text(let text)): fault(in: text)
        default: "is no text: it is \(kind.words)"
        }
    }

    private func fault(in text: String) -> String? {
        switch kind {
        case .path: Self.isPath(text) ? nil : "is no absolute path of at most \(Self.longestPath) bytes"
        case .network: Network(text) == nil ? "is no address, and no network whose host bits are zero" : nil
        case .choice(let words): words.contains(text) ? nil : "is none of \(words.joined(separator: ", "))"
        case .digest: Self.isDigest(text) ? nil : "is not SHA-256 in 64 lower-case hexadecimal digits"
        case .identifier: UUIDv7(text) == nil ? "is no identifier (a UUID)" : nil
        case .userName: Self.isUserName(text) ? nil : "is no name of a user"
        case .unitName: Self.isUnitName(text) ? nil : "is no name of a systemd unit with its suffix"
        case .label: Self.isLabel(text) ? nil : "is not 1 to 32 lower-case letters, digits, - and _"
        case .networks: text.isEmpty ? "is empty" : nil
        case .domain:
            DomainName(text) == nil
                ? "is no domain of at least two labels and at most \(DomainName.longest) characters" : nil
        case .ports: PortRange.fault(inList: text)
        case .keyFingerprint:
            Self.isKeyFingerprint(text) ? nil : "is no fingerprint of a key: SHA256: and 43 characters of base64"
        case .line:
            Self.isLine(text) ? nil : "is no line of 1 to \(Self.longestLine) bytes without control characters"
        case .words(let most):
            Self.isLine(text, most: most) ? nil : "is no line of 1 to \(most) bytes without control characters"
        case .document(let most):
            (1...most).contains(text.utf8.count) && !text.utf8.contains(0)
                ? nil : "is no text of 1 to \(most) bytes without NUL"
        case .number, .seconds, .bytes, .flag: nil
        }
    }

    /// A bad item of a list as a fault names it: its beginning, between quotation marks, without control characters.
    static func quoted(_ item: some StringProtocol) -> String {
        let shown = item.unicodeScalars.prefix(44).map {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0
        }
        return "“\(String(String.UnicodeScalarView(shown)))\(item.unicodeScalars.count > 44 ? "…" : "")”"
    }
}

extension PortRange {
    /// Which item of a list of ports is wrong, and where; `nil` for a list that ``list(_:)`` reads.
    static func fault(inList text: String) -> String? {
        guard list(text) == nil else { return nil }
        guard text.utf8.count <= mostInList * 16 else { return "has more than \(mostInList) ranges of ports" }
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
        if let wrong = items.firstIndex(where: { PortRange($0) == nil }) {
            let place = items.count == 1 ? "" : ", item \(wrong + 1) of \(items.count)"
            return "has \(Parameter.quoted(items[wrong]))\(place), which is no port or range as tcp/22 or udp/1000-2000"
        }
        return "has \(items.count) ranges of ports, more than \(mostInList)"
    }
}
