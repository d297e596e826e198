internal import CordonModel
package import CordonScan

/// An OpenC2 command (OpenC2 Language 1.0 §3.3.1), read strictly.
package struct OpenC2Command: Sendable, Hashable {
    package let action: Verb
    package let target: OpenC2Target
    /// `args`, checked; `nil` where there are none.
    package let arguments: OpenC2Arguments
    /// The name in `actuator` or `profile`.
    package let profile: String?
    /// At most 36 characters without spaces.
    package let commandID: String?

    /// The twenty actions (§3.3.1.1).
    package enum Verb: String, Sendable, Hashable, CaseIterable {
        case scan, locate, query, deny, contain, allow, start, stop, restart, cancel, set, update, redirect, create,
            delete
        case detonate, restore, copy, investigate, remediate
    }

    /// Reads a command, or a whole message whose `body.openc2.request` is one.
    package init(_ json: JSONValue) throws(OpenC2Error) {
        if json["body"] != nil {
            guard let request = json["body"]?["openc2"]?["request"] else { throw .bad("The message holds no request.") }
            try self.init(command: request)
        } else {
            try self.init(command: json)
        }
    }

    private init(command json: JSONValue) throws(OpenC2Error) {
        guard let members = json.object else { throw .bad("A command must be an object.") }
        for name in members.keys
        where !["action", "target", "args", "actuator", "profile", "command_id"].contains(name) {
            throw .bad("A command has no member “\(name.prefix(40))”.")
        }
        guard let action = members["action"]?.text else { throw .bad("The action is missing.") }
        guard let verb = Verb(rawValue: action) else { throw .bad("There is no action “\(action.prefix(40))”.") }
        self.action = verb
        guard let target = members["target"] else { throw .bad("The target is missing.") }
        self.target = try OpenC2Target(target)
        arguments = try OpenC2Arguments(members["args"])
        profile = try Self.profile(members)
        commandID = try Self.commandID(members["command_id"])
    }

    private static func commandID(_ json: JSONValue?) throws(OpenC2Error) -> String? {
        guard let json else { return nil }
        guard let text = json.text, (1...36).contains(text.count), !text.contains(where: \.isWhitespace) else {
            throw .bad("A command_id has 1 to 36 characters and no spaces.")
        }
        return text
    }

    private static func profile(_ members: JSONObject) throws(OpenC2Error) -> String? {
        if let profile = members["profile"] {
            guard let name = profile.text, OpenC2Name.isProfile(name) else {
                throw .bad("The profile has no valid name.")
            }
            return name
        }
        guard let actuator = members["actuator"] else { return nil }
        guard let choice = actuator.object, choice.count == 1, let name = choice.keys.first, OpenC2Name.isProfile(name),
            choice[name]?.object != nil
        else { throw .bad("The actuator must have exactly one profile.") }
        return name
    }
}

/// Names of profiles and their own things (§3.1.4).
enum OpenC2Name {
    private static let profiles: Set<String> = [
        "slpf", "sfpf", "sbom", "er", "hop", "av", "ids", "log", "swup", "pf", "pac",
    ]

    /// A registered name, or `x-` and up to 62 small letters, digits and underscores, no underscore first.
    static func isProfile(_ name: String) -> Bool {
        profiles.contains(name) || name.hasPrefix("x-") && isLocal(name.dropFirst(2))
    }

    /// `profile:name`.
    static func isExtension(_ name: String) -> Bool {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && isProfile(String(parts[0])) && isLocal(parts[1])
    }

    private static func isLocal(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, (1...62).contains(name.utf8.count) else { return false }
        return first != UInt8(ascii: "_")
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") }
    }
}

/// The arguments of a command (§3.3.1.4).
package struct OpenC2Arguments: Sendable, Hashable {
    /// Milliseconds since the epoch.
    package var startTime: Int64?
    /// Milliseconds since the epoch.
    package var stopTime: Int64?
    /// Milliseconds.
    package var duration: Int64?
    package var responseRequested: String?
    /// Arguments of profiles, by the profile's name.
    package var profiles: [String: JSONObject] = [:]

    init(_ json: JSONValue?) throws(OpenC2Error) {
        guard let json else { return }
        guard let members = json.object, !members.isEmpty else { throw .bad("args must have at least one member.") }
        for (name, value) in members { try take(name, value) }
        guard startTime == nil || stopTime == nil || duration == nil else {
            throw .bad("At most two of start_time, stop_time and duration may be given.")
        }
    }

    private mutating func take(_ name: String, _ value: JSONValue) throws(OpenC2Error) {
        switch name {
        case "start_time": startTime = try Self.milliseconds(name, value)
        case "stop_time": stopTime = try Self.milliseconds(name, value)
        case "duration": duration = try Self.milliseconds(name, value)
        case "response_requested":
            guard let word = value.text, ["none", "ack", "status", "complete"].contains(word) else {
                throw .bad("response_requested is none, ack, status or complete.")
            }
            responseRequested = word
        default:
            guard OpenC2Name.isProfile(name), let object = value.object else {
                throw .bad("There is no argument “\(name.prefix(40))”.")
            }
            profiles[name] = object
        }
    }

    private static func milliseconds(_ name: String, _ value: JSONValue) throws(OpenC2Error) -> Int64 {
        guard case .integer(let number) = value, number >= 0 else { throw .bad("\(name) must be whole milliseconds.") }
        return number
    }
}
