internal import CordonModel

/// The parameters of one action, checked against the catalogue.
struct GivenParameters {
    private let kind: ActionKind
    private let values: [String: FieldValue]

    init(_ values: [String: FieldValue], of kind: ActionKind) throws(ActionError) {
        let described = kind.entry.parameters
        for name in values.keys.sorted() where !described.contains(where: { $0.name == name }) {
            throw .unknown(parameter: name, of: kind)
        }
        for parameter in described {
            guard let value = values[parameter.name] else {
                if parameter.isRequired {
                    throw .wrong(parameter.name, of: kind, "is missing: \(parameter.kind.words)")
                }
                continue
            }
            if let fault = parameter.fault(in: value) { throw .wrong(parameter.name, of: kind, fault) }
        }
        self.kind = kind
        self.values = values
    }

    func number(_ name: String) throws(ActionError) -> Int64 {
        guard case .number(let number)? = values[name] else { throw .wrong(name, of: kind, "is missing") }
        return number
    }

    func optionalNumber(_ name: String) -> Int64? {
        if case .number(let number)? = values[name] { number } else { nil }
    }

    func seconds(_ name: String) throws(ActionError) -> Duration { .seconds(try number(name)) }

    func text(_ name: String) throws(ActionError) -> String {
        guard let text = optionalText(name) else { throw .wrong(name, of: kind, "is missing") }
        return text
    }

    func optionalText(_ name: String) -> String? {
        if case .text(let text)? = values[name] { text } else { nil }
    }

    func identifier<Subject>(_ name: String) throws(ActionError) -> Identifier<Subject> {
        guard let identifier = Identifier<Subject>(try text(name)) else {
            throw .wrong(name, of: kind, "is no identifier")
        }
        return identifier
    }

    func flag(_ name: String) -> Bool { values[name] == .flag(true) }

    func network(_ name: String) throws(ActionError) -> Network {
        guard let network = Network(try text(name)) else { throw .wrong(name, of: kind, "is no network") }
        return network
    }

    /// The ranges of ports; empty where none are given.
    func ports(_ name: String) throws(ActionError) -> [PortRange] {
        guard let text = optionalText(name) else { return [] }
        guard let ranges = PortRange.list(text) else { throw .wrong(name, of: kind, "is no list of ports") }
        return ranges
    }

    func addresses(_ name: String) throws(ActionError) -> AddressList {
        let text = try text(name)
        guard let list = AddressList(text) else { throw .wrong(name, of: kind, AddressList.fault(in: text)) }
        return list
    }

    func domain(_ name: String) throws(ActionError) -> DomainName {
        guard let domain = DomainName(try text(name)) else { throw .wrong(name, of: kind, "is no domain") }
        return domain
    }

    /// Of two parameters that are each optional, exactly one must be given.
    func eitherIsGiven(_ one: String, _ other: String) throws(ActionError) -> Bool {
        let isOne = values[one] != nil
        guard isOne != (values[other] != nil) else {
            throw .wrong(one, of: kind, "or \(other) is to be given, and not both")
        }
        return isOne
    }

    func choice<Choice: RawRepresentable<String>>(
        _ name: String, of: Choice.Type, default fallback: Choice? = nil
    ) throws(ActionError) -> Choice {
        if let fallback, values[name] == nil { return fallback }
        guard let choice = Choice(rawValue: try text(name)) else { throw .wrong(name, of: kind, "is not known") }
        return choice
    }
}
