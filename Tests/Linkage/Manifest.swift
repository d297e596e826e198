internal import FoundationEssentials
internal import Glibc
internal import Testing

/// What `swift package dump-package` says of the package, as far as the law needs it.
struct Manifest: Decodable, Equatable {
    var targets: [Target]

    struct Target: Decodable, Equatable {
        var name: String
        /// `regular`, `executable`, `test` or `system`.
        var type: String
        /// From the package's root.
        var path: String
        /// Names of targets of this package, and of products of others.
        var dependencies: Set<String>
        /// Names of upcoming features, as they are spelled.
        var features: Set<String>
        var languageMode: String?

        init(
            _ name: String, type: String = "regular", path: String = "", uses dependencies: Set<String> = [],
            features: Set<String> = [], languageMode: String? = nil
        ) {
            self.name = name
            self.type = type
            self.path = path
            self.dependencies = dependencies
            self.features = features
            self.languageMode = languageMode
        }
    }

    /// The package whose manifest lies in the folder. Its own scratch folder keeps it clear of the lock of a running build.
    static func dump(of root: String) throws -> Manifest {
        let scratch = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let command =
            "swift package --package-path '\(root)' --scratch-path '\(scratch)' dump-package 2>'\(scratch)/log'"
        guard let stream = unsafe popen(command, "r") else {
            throw ManifestError(message: "sh does not start: \(errno)")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, stream)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        guard unsafe pclose(stream) == 0 else {
            let log = FileManager.default.contents(atPath: "\(scratch)/log") ?? Data()
            throw ManifestError(message: String(decoding: log, as: UTF8.self))
        }
        return try JSONDecoder().decode(Manifest.self, from: Data(bytes))
    }

    private static func temporaryFolder() throws -> String {
        var template = Array("/tmp/cordon-linkage.XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw ManifestError(message: "no temporary folder: \(errno)") }
        return String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

struct ManifestError: Error, Equatable {
    var message: String
}

extension Manifest.Target: CustomTestStringConvertible {
    var testDescription: String { "\(name) of \(path) with \(dependencies.sorted().joined(separator: ", "))" }
}

extension Manifest.Target {
    private enum Key: String, CodingKey {
        case name, type, path, dependencies, settings
    }

    /// A dependency is an object of one key, `byName`, `product` or `target`, with an array that begins with the name.
    private struct Dependency: Decodable {
        var name: String

        init(from decoder: any Decoder) throws {
            let kinds = try decoder.container(keyedBy: AnyKey.self)
            guard let kind = kinds.allKeys.first else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "no dependency"))
            }
            var parts = try kinds.nestedUnkeyedContainer(forKey: kind)
            name = try parts.decode(String.self)
        }
    }

    /// `{"kind": {"enableUpcomingFeature": {"_0": "ExistentialAny"}}, "tool": "swift"}`
    private struct Setting: Decodable {
        var kind: String
        var value: String?

        private enum Key: String, CodingKey { case kind }

        init(from decoder: any Decoder) throws {
            let kinds = try decoder.container(keyedBy: Key.self).nestedContainer(keyedBy: AnyKey.self, forKey: .kind)
            kind = kinds.allKeys.first?.stringValue ?? ""
            let values = try kinds.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey(kind))
            value = try? values.decode(String.self, forKey: AnyKey("_0"))
        }
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(_ text: String) { stringValue = text }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(String.self, forKey: .name)
        type = try container.decode(String.self, forKey: .type)
        path = try container.decodeIfPresent(String.self, forKey: .path) ?? ""
        dependencies = Set(try container.decode([Dependency].self, forKey: .dependencies).map(\.name))
        let settings = try container.decode([Setting].self, forKey: .settings)
        features = Set(settings.filter { $0.kind == "enableUpcomingFeature" }.compactMap(\.value))
        languageMode = settings.first { $0.kind == "swiftLanguageMode" }?.value
    }
}
