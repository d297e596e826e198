package import CordonModel
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

    /// Whether the playbook may become the newest of its versions.
    /// - Throws: ``PlaybooksError`` when it is older than the version that is there, or says that it is of tomorrow.
    package func check(_ report: ValidationReport, at now: Timestamp) throws {
        guard let playbook = report.playbook else { return }
        // Clocks differ a little.
        if let modified = Timestamp(rfc3339: playbook.version), modified > now + .seconds(600) {
            throw PlaybooksError.future(playbook.name, playbook.version)
        }
        if let known = try entry(playbook.id), known.version > playbook.version { throw Self.older(known) }
    }

    private static func older(_ known: Entry) -> PlaybooksError {
        PlaybooksError(
            code: "playbook.older",
            message: "The library has a newer version of “\(known.name)”, of \(known.version).")
    }

    /// Checks, and keeps a copy in the folder, written whole or not at all. The copy that it takes the place of is kept
    /// in `versions/` below it.
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
            throw Self.older(known)
        }
        do {
            let path = "\(folder)/\(entry.id).json"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try keepVersion(of: entry.id, at: path, before: bytes)
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw PlaybooksError(code: "playbook.write", message: "The folder \(folder) cannot be written: \(error).")
        }
        return entry
    }

    /// Copies what stands there to `versions/ID/MODIFIED.json`, with a number where there is one of that time already.
    private func keepVersion(of id: String, at path: String, before bytes: [UInt8]) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        let old = try Data(contentsOf: URL(filePath: path))
        guard Array(old) != bytes else { return }
        let versions = "\(folder)/versions/\(id)"
        try FileManager.default.createDirectory(atPath: versions, withIntermediateDirectories: true)
        let name = Self.entry(Array(old), file: "").version.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        for number in 1...10_000 {
            let kept = "\(versions)/\(name.prefix(40))\(number == 1 ? "" : "-\(number)").json"
            if FileManager.default.fileExists(atPath: kept) {
                if try Data(contentsOf: URL(filePath: kept)) == old { return }
                continue
            }
            return try old.write(to: URL(filePath: kept), options: .atomic)
        }
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
