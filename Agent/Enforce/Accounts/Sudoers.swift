internal import Glibc

/// Who may become root, as sudoers(5) says: what is understood, so that nobody is taken for an administrator who is none.
struct Sudoers: Equatable {
    /// Those who may run any command as root, everywhere.
    var certain = Who()
    /// Those who may, and those of whom that is not clear: more than named programs, or by a name for them.
    var possible = Who()

    /// Users and groups, by name or number.
    struct Who: Equatable {
        var users: Set<String> = []
        var groups: Set<String> = []
        var userIDs: Set<UInt32> = []
        var groupIDs: Set<UInt32> = []

        /// Whether the account is among them, being of these groups too.
        func has(_ account: Accounts.Account, groups ofIt: [(name: String, number: UInt32, members: [String])]) -> Bool
        {
            users.contains(account.name) || userIDs.contains(account.user)
                || ofIt.contains { groups.contains($0.name) || groupIDs.contains($0.number) }
        }
    }

    private static let mostFiles = 200

    /// Reads `sudoers` and what it includes; `nil` where there is none.
    init?(folder: String) {
        var aliases: [String: [String]] = [:]
        var specifications: [Specification] = []
        var left = [folder + "/sudoers"]
        var read = 0
        guard TextFile.bytes(left[0]) != nil else { return nil }
        while let path = left.popLast(), read < Self.mostFiles {
            read += 1
            for line in Self.lines(TextFile.text(path) ?? "") {
                if let included = Self.included(line, folder: folder) {
                    left += included
                } else if line.hasPrefix("User_Alias") {
                    Self.take(line, into: &aliases)
                } else if let found = Self.specification(line) {
                    specifications.append(found)
                }
            }
        }
        for specification in specifications where !Self.isBounded(specification.commands) {
            for name in specification.who {
                possible.admit(name, aliases, depth: 0)
                if specification.isEverywhere, Self.isEverything(specification.commands) {
                    certain.admit(name, aliases, depth: 0)
                }
            }
        }
    }

    /// Logical lines: those that end in `\` go on, what is behind `#` is dropped but for `#include` and numbers of users.
    private static func lines(_ text: String) -> [String] {
        var (lines, open) = ([String](), "")
        for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if part.hasSuffix("\\") {
                open += part.dropLast()
                continue
            }
            lines.append(withoutComment(open + part))
            open = ""
        }
        return lines.filter { !$0.isEmpty }
    }

    private static func withoutComment(_ line: String) -> String {
        let line = line.drop { $0 == " " || $0 == "\t" }
        if line.hasPrefix("#include") { return String(line) }
        var kept = ""
        for (index, character) in line.enumerated() {
            let next = line.dropFirst(index + 1).first
            if character == "#", next?.isNumber != true { break }
            kept.append(character)
        }
        while let last = kept.last, last == " " || last == "\t" { kept.removeLast() }
        return kept
    }

    /// The files that a line has read; `nil` for another line. `/etc` is where the test or the host has it.
    private static func included(_ line: String, folder: String) -> [String]? {
        let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard let verb = words.first, ["@include", "#include", "@includedir", "#includedir"].contains(verb) else {
            return nil
        }
        guard words.count == 2 else { return [] }
        var path = words[1].hasPrefix("/") ? words[1] : "\(folder)/\(words[1])"
        if path.hasPrefix("/etc/") { path = folder + path.dropFirst(4) }
        guard verb.hasSuffix("dir") else { return [path] }
        // Names with a point, or a tilde at the end, are passed over (sudoers(5)).
        let names = TextFile.names(in: path).filter { !$0.contains(".") && !$0.hasSuffix("~") }
        return names.sorted(by: >).map { "\(path)/\($0)" }
    }

    private static func take(_ line: String, into aliases: inout [String: [String]]) {
        for definition in line.dropFirst("User_Alias".count).split(separator: ":") {
            let halves = definition.split(separator: "=", maxSplits: 1)
            guard halves.count == 2 else { continue }
            aliases[halves[0].filter { $0 != " " && $0 != "\t" }] = list(halves[1])
        }
    }

    private static func list(_ text: Substring) -> [String] {
        text.split(separator: ",").map { String($0.filter { $0 != " " && $0 != "\t" }) }
    }

    /// `WHO HOSTS = COMMANDS`.
    private struct Specification {
        var who: [String]
        var isEverywhere: Bool
        var commands: Substring
    }

    private static func specification(_ line: String) -> Specification? {
        guard let equals = line.firstIndex(of: "="), !line.hasPrefix("Defaults"), !line.contains("_Alias") else {
            return nil
        }
        // The last word before the sign is the list of hosts.
        let left = line[..<equals].split { $0 == " " || $0 == "\t" }
        guard left.count >= 2 else { return nil }
        let who = list(Substring(left.dropLast().joined(separator: " ")))
        return Specification(
            who: who, isEverywhere: left.last == "ALL" && left[left.count - 2].last != ",",
            commands: line[line.index(after: equals)...])
    }

    /// Whether it names programs by their paths, and nothing else.
    private static func isBounded(_ commands: Substring) -> Bool {
        commands.split(separator: ",").allSatisfy { part in
            var part = part
            if let end = part.lastIndex(where: { $0 == ")" || $0 == ":" }) { part = part[part.index(after: end)...] }
            return part.drop { " \t!".contains($0) }.hasPrefix("/")
        }
    }

    /// `(root or ALL) TAGS: ALL`, and nothing else.
    private static func isEverything(_ commands: Substring) -> Bool {
        var rest = commands.filter { $0 != " " && $0 != "\t" }[...]
        if rest.hasPrefix("("), let end = rest.firstIndex(of: ")") {
            let target = rest[rest.index(after: rest.startIndex)..<end].split(separator: ":").first.map(String.init)
            guard let target, ["ALL", "root", "#0"].contains(target) else { return false }
            rest = rest[rest.index(after: end)...]
        }
        for tag in ["NOPASSWD:", "PASSWD:", "SETENV:", "NOSETENV:"] where rest.hasPrefix(tag) {
            rest = rest.dropFirst(tag.count)
        }
        return rest == "ALL"
    }

}

extension Sudoers.Who {
    fileprivate mutating func admit(_ name: String, _ aliases: [String: [String]], depth: Int) {
        if let alias = aliases[name] {
            guard depth < 8 else { return }
            for name in alias { admit(name, aliases, depth: depth + 1) }
        } else if name.hasPrefix("%#") {
            if let number = UInt32(name.dropFirst(2)) { groupIDs.insert(number) }
        } else if name.hasPrefix("%") {
            groups.insert(String(name.dropFirst()))
        } else if name.hasPrefix("#") {
            if let number = UInt32(name.dropFirst()) { userIDs.insert(number) }
        } else if !name.hasPrefix("!"), !name.hasPrefix("+") {
            users.insert(name)
        }
    }
}
