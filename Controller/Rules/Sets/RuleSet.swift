internal import CordonModel
package import CordonSigma

/// Sigma rules read, checked and compiled (specification 2.1.0), with all that is wrong in them. A rule with a fault is
/// left out and stops no other; a pack, though, is made of a set without a fault only: ``checked()``.
package struct RuleSet: Sendable {
    /// In the order of files and documents; filters are joined already.
    package internal(set) var rules: [SigmaRule] = []
    /// Those that a correlation refers to stand before it.
    package internal(set) var correlations: [CorrelationRule] = []
    /// Faults and warnings, in the order of files and lines.
    package internal(set) var findings: [RuleFinding] = []
    /// Files that were read, or tried.
    package internal(set) var files = 0
    /// Filters that were read.
    package internal(set) var filters = 0
    /// Rules, correlations, filters and files that are left out; one may have several faults.
    package internal(set) var refused = 0

    init() {}

    /// Why rules are not used.
    package var faults: [RuleFinding] { findings.filter { $0.weight == .fault } }

    package var warnings: [RuleFinding] { findings.filter { $0.weight == .warning } }

    /// Reads files, and folders with all that is below.
    /// - Parameter groups: The values of placeholders, by their names without `%`: the asset groups. Values may have
    ///   wildcards.
    /// - Throws: ``RulesError`` where a path does not exist, or a file that is named cannot be read; what is wrong with a
    ///   file of a folder, or in a file, is a finding.
    package static func load(_ paths: [String], groups: [String: [String]] = [:]) throws -> RuleSet {
        let files = try RuleFiles(paths)
        var reading = RuleSetReading(groups: groups)
        var bytes = 0
        for path in files.paths {
            do throws(RulesError) {
                let content = try RuleFiles.bytes(path, limit: YamlReader.Limits().bytes)
                bytes += content.count
                guard bytes <= RuleFiles.mostBytes else {
                    throw RulesError("large", "The rules are larger than \(RuleFiles.mostBytes) bytes altogether.")
                }
                reading.read(content, file: path)
            } catch {
                guard !files.named.contains(path) else { throw error }
                reading.refuse(path, error.message)
            }
        }
        return reading.finished()
    }

    /// Reads one file's content.
    package static func read(
        _ bytes: [UInt8], file: String, groups: [String: [String]] = [:]
    ) -> RuleSet {
        var reading = RuleSetReading(groups: groups)
        reading.read(bytes, file: file)
        return reading.finished()
    }

    /// The set, where it has no fault.
    /// - Throws: ``RulesError`` `rules.faults` with the first ones.
    package func checked() throws -> RuleSet {
        guard !faults.isEmpty else { return self }
        let first = faults.prefix(3).map(\.description).joined(separator: " ")
        throw RulesError(
            "faults", "\(refused) rules have faults: \(first)", remedy: "`cordon sigma check` names every place.")
    }
}
