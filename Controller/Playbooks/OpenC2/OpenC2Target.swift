package import CordonModel
internal import CordonScan

/// What an OpenC2 command is about (§3.4.1).
package enum OpenC2Target: Sendable, Hashable {
    case network(NetworkTarget)
    /// At least one of them.
    case device(hostname: String?, id: String?)
    case process(ProcessDescription)
    case file(FileDescription)
    /// `er:account`, also nested as the drafts' examples have it: `account_name`.
    case account(String)
    /// `er:service`, also nested: `name`, a unit of systemd.
    case service(String)
    /// `x-cordon:order`: what the order of that identifier did.
    case order(String)
    /// `x-cordon:networks`: a list by its name, and its networks.
    case networks(list: String, String)
    /// `x-cordon:user`: a user by number.
    case user(Int64)
    /// `x-cordon:cron_entry`: a table of cron and one of its lines, or a script.
    case cron(path: String, entry: String?)
    case domain(String)
    /// `x-cordon:table`: a table of the host by its name, and which rows, as parameters of the action.
    case table([String: FieldValue])
    case features([String])
    /// Any other target, checked, by its name.
    case other(String)

    /// `ipv4_net` or `ipv6_net`: host bits may be set.
    package struct NetworkTarget: Sendable, Hashable {
        package let isIPv6: Bool
        package let address: IPAddress
        package let prefix: Int
    }

    /// `process`.
    package struct ProcessDescription: Sendable, Hashable {
        package let pid: Int64?
        package let name: String?
        /// `executable.path`.
        package let executable: String?
    }

    /// `file`.
    package struct FileDescription: Sendable, Hashable {
        package let path: String?
        /// `hashes.sha256`, as written.
        package let sha256: String?
        /// Whether `hashes` has others alone, which no agent compares.
        package let hasOtherHashesOnly: Bool
    }

    init(_ json: JSONValue) throws(OpenC2Error) {
        guard let choice = json.object, choice.count == 1, let name = choice.keys.first, let value = choice[name] else {
            throw .bad("The target must be exactly one.")
        }
        switch name {
        case "ipv4_net", "ipv6_net": self = .network(try NetworkTarget(value, isIPv6: name == "ipv6_net"))
        case "device": self = try Self.device(value)
        case "process": self = .process(try ProcessDescription(value))
        case "file":
            try OpenC2Check.file(value)
            let hashes = value["hashes"]
            self = .file(
                FileDescription(
                    path: value["path"]?.text, sha256: hashes?["sha256"]?.text,
                    hasOtherHashesOnly: hashes != nil && hashes?["sha256"] == nil))
        case "er:account": self = try Self.account(value)
        case "er" where value["account"] != nil && value.object?.count == 1:
            self = try Self.account(value["account"] ?? .null)
        case "er:service": self = try Self.service(value)
        case "er" where value["service"] != nil && value.object?.count == 1:
            self = try Self.service(value["service"] ?? .null)
        case "x-cordon:order":
            guard let order = value.text else { throw .bad("x-cordon:order is an order's identifier.") }
            self = .order(order)
        case "x-cordon:networks":
            try OpenC2Check.members(value, name, texts: ["list", "networks"])
            self = .networks(list: value["list"]?.text ?? "", value["networks"]?.text ?? "")
        case "x-cordon:cron_entry":
            try OpenC2Check.members(value, name, texts: ["path", "entry"])
            self = .cron(path: value["path"]?.text ?? "", entry: value["entry"]?.text)
        case "x-cordon:user":
            guard let uid = value["uid"]?.integer, value.object?.count == 1 else {
                throw .bad("x-cordon:user names a user by uid.")
            }
            self = .user(uid)
        case "x-cordon:table":
            try OpenC2Check.members(value, name, texts: ["table", "field", "value"])
            self = .table((value.object ?? JSONObject()).reduce(into: [:]) { $0[$1.0] = .text($1.1.text ?? "") })
        case "domain_name":
            try Self.check(name, value)
            self = .domain(value.text ?? "")
        case "features": self = .features(try Self.features(value))
        default:
            try Self.check(name, value)
            self = .other(name)
        }
    }

    private static func device(_ json: JSONValue) throws(OpenC2Error) -> OpenC2Target {
        try OpenC2Check.members(json, "device", texts: ["hostname", "idn_hostname", "device_id"])
        return .device(hostname: json["hostname"]?.text ?? json["idn_hostname"]?.text, id: json["device_id"]?.text)
    }

    private static func account(_ json: JSONValue) throws(OpenC2Error) -> OpenC2Target {
        try OpenC2Check.members(json, "er:account", texts: ["uid", "account_name", "directory"])
        guard let name = json["account_name"]?.text, json["directory"] == nil else {
            throw .unsupported("Target type not supported")
        }
        return .account(name)
    }

    private static func service(_ json: JSONValue) throws(OpenC2Error) -> OpenC2Target {
        try OpenC2Check.members(json, "er:service", texts: ["name", "display_name"])
        guard let name = json["name"]?.text else { throw .unsupported("Target type not supported") }
        return .service(name)
    }

    private static func features(_ json: JSONValue) throws(OpenC2Error) -> [String] {
        guard let features = json.texts, features.count <= 10, Set(features).count == features.count,
            features.allSatisfy({ ["versions", "profiles", "pairs", "rate_limit"].contains($0) })
        else { throw .bad("features is a list of versions, profiles, pairs and rate_limit, each once.") }
        return features
    }

    /// Targets that are checked and otherwise not looked at.
    private static func check(_ name: String, _ value: JSONValue) throws(OpenC2Error) {
        switch name {
        case "ipv4_connection": try OpenC2Check.connection(value, isIPv6: false)
        case "ipv6_connection": try OpenC2Check.connection(value, isIPv6: true)
        case "mac_addr":
            guard let text = value.text, VariableType.mac.accepts(text) else {
                throw .bad("mac_addr is no MAC address.")
            }
        case "uri", "iri":
            guard let text = value.text, text.contains(":"), VariableType.uri.accepts(text) else {
                throw .bad("\(name) must be an absolute address.")
            }
        case "domain_name", "idn_domain_name", "email_addr", "idn_email_addr", "command":
            guard let text = value.text, !text.isEmpty else { throw .bad("\(name) must be a text.") }
        case "properties":
            guard let names = value.texts, !names.isEmpty, Set(names).count == names.count else {
                throw .bad("properties is a list of names, each once.")
            }
        case "artifact":
            guard value.object?.isEmpty == false else { throw .bad("artifact must not be empty.") }
        case "slpf", "er":
            // Drafts nest the profile's targets instead of writing `profile:name`.
            guard value.object?.count == 1 else { throw .bad("The target must be exactly one.") }
        default:
            guard OpenC2Name.isExtension(name) else { throw .bad("There is no target “\(name.prefix(40))”.") }
        }
    }
}

extension OpenC2Target.NetworkTarget {
    init(_ json: JSONValue, isIPv6: Bool) throws(OpenC2Error) {
        let name = isIPv6 ? "ipv6_net" : "ipv4_net"
        guard let text = json.text else { throw .bad("\(name) must be a text.") }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let width = isIPv6 ? 128 : 32
        guard parts[0].contains(":") == isIPv6, let address = IPAddress(parts[0]) else {
            throw .bad("\(name) is no such address.")
        }
        var prefix = width
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(parts[1]), number <= width
            else { throw .bad("\(name) has a prefix length outside 0 to \(width).") }
            prefix = number
        }
        self.init(isIPv6: isIPv6, address: address, prefix: prefix)
    }

    /// The network that it means.
    func network() throws(OpenC2Error) -> Network {
        guard address.width == (isIPv6 ? 128 : 32) else {
            throw .bad("An IPv4-mapped IPv6 address means an IPv4 address: use ipv4_net.")
        }
        guard let network = Network(address, prefix: prefix), network.address == address else {
            throw .bad(
                "The network has host bits set; did you mean \(Network(address, prefix: prefix)?.description ?? "another")?"
            )
        }
        return network
    }
}

extension OpenC2Target.ProcessDescription {
    init(_ json: JSONValue) throws(OpenC2Error) {
        try OpenC2Check.members(
            json, "process", texts: ["name", "cwd", "command_line"], others: ["pid", "executable", "parent"])
        if let executable = json["executable"] { try OpenC2Check.file(executable) }
        if let parent = json["parent"] { _ = try Self(parent) }
        var pid: Int64?
        if let value = json["pid"] {
            guard case .integer(let number) = value, number >= 0 else { throw .bad("pid must be a whole number.") }
            pid = number
        }
        self.init(pid: pid, name: json["name"]?.text, executable: json["executable"]?["path"]?.text)
    }
}

/// Checks of parts that several targets have.
enum OpenC2Check {
    /// An object with at least one of the members and no other; those in `texts` are texts.
    static func members(
        _ json: JSONValue, _ name: String, texts: Set<String>, others: Set<String> = []
    ) throws(OpenC2Error) {
        guard let members = json.object, !members.isEmpty else { throw .bad("\(name) must not be empty.") }
        for (member, value) in members {
            if texts.contains(member) {
                guard value.text?.isEmpty == false else { throw .bad("\(name).\(member) must be a text.") }
            } else if !others.contains(member) {
                throw .bad("\(name) has no member “\(member.prefix(40))”.")
            }
        }
    }

    static func file(_ json: JSONValue) throws(OpenC2Error) {
        try members(json, "file", texts: ["name", "path"], others: ["hashes"])
        guard let hashes = json["hashes"] else { return }
        guard let digests = hashes.object, !digests.isEmpty else { throw .bad("hashes must not be empty.") }
        for (name, value) in digests {
            guard let length = ["md5": 32, "sha1": 40, "sha256": 64][name], let text = value.text,
                text.utf8.count == length, HexDigit.bytes(text) != nil
            else { throw .bad("hashes holds md5, sha1 and sha256 in hexadecimal digits.") }
        }
    }

    static func connection(_ json: JSONValue, isIPv6: Bool) throws(OpenC2Error) {
        let all: Set<String> = ["protocol", "src_addr", "dst_addr", "src_port", "dst_port"]
        try members(json, "connection", texts: [], others: all)
        for (name, value) in json.object ?? JSONObject() {
            switch name {
            case "protocol":
                guard ["icmp", "tcp", "udp", "sctp"].contains(value.text ?? "") else {
                    throw .bad("There is no such protocol.")
                }
            case "src_port", "dst_port":
                guard case .integer(0...65_535) = value else { throw .bad("\(name) must be 0 to 65535.") }
            default: _ = try OpenC2Target.NetworkTarget(value, isIPv6: isIPv6)
            }
        }
    }
}
