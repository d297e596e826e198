package import CordonScan

extension SigmaRecord {
    /// An event that is any JSON object, in the field names that rules use. Objects inside are reached by dotted paths; a
    /// name that has the dots itself goes first. The elements of a list are values of one field, so any of them may
    /// match. Spaces in names do not count (specification, taxonomy). Keywords look at every value, at any depth.
    package init(_ object: JSONObject, logSources: [LogSource] = [LogSource()]) {
        self.init(logSources: logSources)
        var flattening = Flattening(hasDots: object.keys.contains { $0.utf8.contains(UInt8(ascii: ".")) })
        reserve(entries: object.count + 8, bytes: 512)
        flattening.add(object, under: "", to: &self)
    }
}

private struct Flattening {
    /// Whether a name of the outermost object has a dot, so that paths may meet it.
    let hasDots: Bool
    private var literal: Set<FieldName> = []

    init(hasDots: Bool) { self.hasDots = hasDots }

    mutating func add(_ object: JSONObject, under path: String, to record: inout SigmaRecord) {
        if hasDots, path.isEmpty {
            literal = Set(object.keys.filter { $0.utf8.contains(UInt8(ascii: ".")) }.map { FieldName(spaceless($0)) })
        }
        for (key, value) in object {
            let name = FieldName(path.isEmpty ? spaceless(key) : path + "." + spaceless(key))
            if !path.isEmpty, !literal.isEmpty, literal.contains(name) { continue }
            add(value, as: name, to: &record)
        }
    }

    private mutating func add(_ value: JSONValue, as name: FieldName, to record: inout SigmaRecord) {
        switch value {
        case .null: record.addNull(name)
        case .flag(let flag): record.add(name, flag, isKeyword: true)
        case .integer(let number): record.add(name, number, isKeyword: true)
        case .number(let number): record.add(name, "\(number)", isKeyword: true)
        case .text(let text): record.add(name, text, isKeyword: true)
        case .array(let elements):
            if elements.isEmpty { record.addContainer(name) }
            for element in elements { add(element, as: name, to: &record) }
        case .object(let object):
            record.addContainer(name)
            add(object, under: name.text, to: &record)
        }
    }

    private func spaceless(_ name: String) -> String {
        name.utf8.contains(UInt8(ascii: " ")) ? name.filter { $0 != " " } : name
    }
}
