import CordonModel
import CordonScan
import FoundationEssentials
import Testing

@testable import ControllerPlaybooks

/// Documents of others, beside the checkout; tests that need them are skipped where they are not there.
enum Vectors {
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment["CORDON_CORPORA"]
        var checkout = #filePath.split(separator: "/").dropLast(3).map(String.init)
        checkout.removeLast()
        let candidates = [environment, "/" + checkout.joined(separator: "/") + "/shared/corpora"].compactMap(\.self)
        return candidates.first { FileManager.default.fileExists(atPath: $0 + "/cacao") }
    }()

    static let isThere = folder != nil

    /// The `.json` files of a folder and those below it whose path satisfies the test, in order of name.
    static func files(_ subfolder: String, where matches: (String) -> Bool = { _ in true }) -> [String] {
        guard let folder else { return [] }
        let root = "\(folder)/\(subfolder)"
        let found = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
        return found.filter { $0.hasSuffix(".json") && matches($0) }.map { "\(root)/\($0)" }.sorted()
    }

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
}
