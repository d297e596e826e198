/// Which journal is read.
package enum JournalScope: Sendable, Hashable {
    /// This host's own.
    case host
    /// That of services with `LogNamespace=NAME` (systemd.exec(5)): not in the host's own.
    case namespace(String)
    /// The host's own and those of all namespaces.
    case allNamespaces
    /// The journal files of a folder.
    case folder(String)

    /// What positions are kept under, and people are told.
    package var name: String {
        switch self {
        case .host: "journal"
        case .namespace(let name): "journal:namespace=\(name)"
        case .allNamespaces: "journal:namespace=*"
        case .folder(let path): "journal:\(path)"
        }
    }

    /// Whether all entries carry the numbers of one journald, so that a jump in them is a loss.
    var isOneSeries: Bool { self != .allNamespaces }
}
