internal import CordonModel
internal import CordonScan
internal import FoundationEssentials

/// The playbooks that there are: those shipped in the program, and a folder of CACAO JSON files.
package actor PlaybookLibrary {
    private let folder: String
    /// Files as they were read, so that unchanged ones are not read and checked again.
    private var cache: [String: (stamp: Stamp, entry: Entry)] = [:]

    private struct Stamp: Equatable {
        let size: UInt64
        let modified: Date
    }

    /// - Parameter folder: Holds `*.json`; made when the first playbook is added.
    package init(folder: String) { self.folder = folder }

    /// All playbooks, built-in ones first, then by name. Files that are no valid playbook are listed with their
    /// faults.
    package func list() throws -> [Entry] {
        let files = try readFolder()
        return (Self.builtIn + files).sorted {
            ($0.isBuiltIn ? 0 : 1, $0.name, $0.id) < ($1.isBuiltIn ? 0 : 1, $1.name, $1.id)
        }
    }

    /// The newest version with that identifier, or that name where it is the only one.
    package func entry(_ id: String) throws -> Entry? {
        let all = try list()
        if let newest = all.filter({ $0.id == id }).max(by: { $0.version < $1.version }) { return newest }
        let named = all.filter { $0.name == id }
        return named.count == 1 ? named[0] : nil
    }

    /// Checks, and keeps a copy in the folder, written whole or not at all.
    /// - Throws: ``PlaybooksError`` when it has faults, or is older than the version that is there.
    package func add(_ bytes: [UInt8]) throws -> Entry {
        let entry = Self.entry(bytes, file: "")
        guard entry.report.isValid, CacaoIdentifier.isValid(entry.id) else {
            throw PlaybooksError(
                code: "playbook.invalid",
                message: "This is no valid playbook: "
                    + entry.report.faults.prefix(5).map(\.message).joined(separator: " "),
                remedy: "`cordon playbook validate` names every place.")
        }
        if let known = try self.entry(entry.id), known.version > entry.version {
            throw PlaybooksError(
                code: "playbook.older",
                message: "The library has a newer version of “\(entry.name)”, of \(known.version).")
        }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: "\(folder)/\(entry.id).json"), options: .atomic)
        } catch {
            throw PlaybooksError(code: "playbook.write", message: "The folder \(folder) cannot be written: \(error).")
        }
        return entry
    }

    private func readFolder() throws -> [Entry] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
            throw PlaybooksError(code: "playbook.folder", message: "The folder \(folder) cannot be read: \(error).")
        }
        let files = names.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted()
        let entries = files.compactMap { read($0) }
        cache = cache.filter { files.contains($0.key) }
        return entries
    }

    private func read(_ file: String) -> Entry? {
        let path = "\(folder)/\(file)"
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let size = attributes[.size] as? UInt64 ?? (attributes[.size] as? Int).map({ UInt64($0) }),
            let modified = attributes[.modificationDate] as? Date
        else { return nil }
        let stamp = Stamp(size: size, modified: modified)
        if let known = cache[file], known.stamp == stamp { return known.entry }
        // A file too large to be a playbook is listed with that fault, not read.
        let bytes =
            size <= UInt64(Playbook.Limits.bytes)
            ? (try? Data(contentsOf: URL(filePath: path))).map { Array($0) } ?? [] : Array("too large".utf8)
        let entry = Self.entry(bytes, file: file)
        cache[file] = (stamp, entry)
        return entry
    }

    private static func entry(_ bytes: [UInt8], file: String, isBuiltIn: Bool = false) -> Entry {
        let report = PlaybookValidator.validate(bytes)
        let id = report.playbook?.id ?? ""
        let name = report.playbook?.name ?? ""
        return Entry(
            id: id.isEmpty ? file : id, name: name.isEmpty ? file : name, version: report.playbook?.version ?? "",
            description: report.playbook?.description ?? "", isBuiltIn: isBuiltIn, bytes: bytes, report: report)
    }

    /// Those shipped in the program.
    package static let builtIn: [Entry] = BuiltInPlaybooks.all.map {
        entry($0.bytes(.indented), file: "", isBuiltIn: true)
    }

    package struct Entry: Sendable {
        /// `playbook--UUID`; the file's name where it has none.
        package let id: String
        package let name: String
        /// `modified` of the document.
        package let version: String
        package let description: String
        package let isBuiltIn: Bool
        /// As they are in the file.
        package let bytes: [UInt8]
        package let report: ValidationReport
    }
}
