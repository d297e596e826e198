internal import FoundationEssentials

/// One Swift source and what it imports.
struct SourceFile {
    /// From the package's root.
    var path: String
    var imports: [Import]

    struct Import: Equatable {
        var module: String
        var line: Int
        /// Whether a condition of the preprocessor surrounds it.
        var isConditional: Bool
    }

    /// All sources of a folder and of the folders in it, those of the code generators included.
    static func all(under folder: String, of root: String) throws -> [SourceFile] {
        var files: [SourceFile] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted() {
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".swift") {
                let text = String(
                    decoding: FileManager.default.contents(atPath: "\(root)/\(path)") ?? Data(), as: UTF8.self)
                files.append(SourceFile(path: path, imports: imports(of: text)))
            } else if let inner = try? all(under: path, of: root) {
                files += inner
            }
        }
        return files
    }

    /// The imports of a source. Imports stand at the beginning of their line, after attributes and an access level.
    static func imports(of text: String) -> [Import] {
        var found: [Import] = []
        var depth = 0
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("#if") { depth += 1 } else if line.hasPrefix("#endif") { depth -= 1 }
            var words = line.split(separator: " ")[...]
            while let word = words.first, word.hasPrefix("@") || levels.contains(String(word)) { words.removeFirst() }
            guard words.first == "import", let last = words.dropFirst().first(where: { !kinds.contains(String($0)) })
            else {
                continue
            }
            let module = last.prefix { $0 != "." && $0 != ";" && $0 != "/" }
            found.append(Import(module: String(module), line: index + 1, isConditional: depth > 0))
        }
        return found
    }

    private static let levels: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
}
