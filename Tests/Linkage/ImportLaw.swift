/// The part of the law that a manifest does not show: what sources import.
enum ImportLaw {
    /// Modules of the toolchain that bring ICU, or a regular expression engine without limits.
    private static let banned: Set<String> = [
        "FoundationInternationalization", "FoundationNetworking", "FoundationXML", "RegexBuilder", "_StringProcessing",
    ]

    /// Every fault of the target's sources, in sentences.
    static func faults(of target: Manifest.Target, files: [SourceFile], ours: Set<String>) -> [String] {
        files.flatMap { file in
            file.imports.compactMap { imported in
                objection(to: imported, in: file, target: target, ours: ours).map {
                    "\(file.path):\(imported.line): \($0)"
                }
            }
        }
    }

    private static func objection(
        to imported: SourceFile.Import, in file: SourceFile, target: Manifest.Target, ours: Set<String>
    ) -> String? {
        let module = imported.module
        if ours.contains(swiftName(module)) || ours.contains(module) {
            let isDeclared = target.dependencies.contains { swiftName($0) == swiftName(module) }
            return isDeclared ? nil : "\(target.name) imports \(module) and does not declare it"
        }
        if target.name == "CordonModel" { return "the model is the standard library only; it imports \(module)" }
        if target.path.hasPrefix("Tests/") { return nil }
        if banned.contains(module) { return "nothing imports \(module)" }
        let isShared = target.path.hasPrefix("Agent/") || target.path.hasPrefix("Common/")
        // The generated code has `#if canImport(FoundationEssentials)`, whose other branch Linux never takes.
        let isFallback = imported.isConditional && file.path.contains("/Generated/")
        if isShared, module == "Foundation", !isFallback {
            return "agents import FoundationEssentials: Foundation brings ICU"
        }
        return nil
    }

    /// A target's name as Swift sources spell it: `cordon-agent` is imported as `cordon_agent`.
    private static func swiftName(_ name: String) -> String { String(name.map { $0 == "-" ? "_" : $0 }) }
}
