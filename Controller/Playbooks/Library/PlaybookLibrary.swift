/// The playbooks that there are: those shipped in the program, and a folder of CACAO JSON files.
package actor PlaybookLibrary {
    /// - Parameter folder: Holds `*.json`; made when it is missing.
    package init(folder: String) {}

    /// All playbooks, built-in ones first, then by name. Files that are no valid playbook are listed with their faults.
    package func list() throws -> [Entry] { [] }

    /// The newest version with that identifier.
    package func entry(_ id: String) throws -> Entry? { nil }

    /// Checks, and keeps a copy in the folder, written whole or not at all.
    /// - Throws: ``PlaybooksError`` when it has faults, or is older than the version that is there.
    package func add(_ bytes: [UInt8]) throws -> Entry { throw PlaybooksError.unknownPlaybook("") }

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
