internal import CordonModel
internal import Synchronization

/// Names of local users and groups by number, from `/etc/passwd` and `/etc/group`. Directory services are not asked:
/// a lookup over the network for a log line could wait for ever.
package final class UserNames: Sendable {
    private struct Table {
        var names: [Int64: String] = [:]
        var readAt: ContinuousClock.Instant?
    }

    private let users = Mutex(Table())
    private let groups = Mutex(Table())
    private let folder: String?

    /// How old what is read may be.
    private static let lifetime = Duration.seconds(30)

    /// - Parameter folder: where `passwd` and `group` are; `nil` knows no names, as for logs of another host.
    package init(folder: String? = "/etc") { self.folder = folder }

    /// The user's name; `nil` when there is none here.
    package func user(_ number: Int64) -> String? { look(number, "passwd", users) }

    /// The group's name; `nil` when there is none here.
    package func group(_ number: Int64) -> String? { look(number, "group", groups) }

    private func look(_ number: Int64, _ file: String, _ table: borrowing Mutex<Table>) -> String? {
        guard let folder else { return nil }
        return table.withLock { table in
            let now = ContinuousClock.now
            if table.readAt.map({ now - $0 > Self.lifetime }) ?? true {
                table = Table(names: Self.names(folder + "/" + file), readAt: now)
            }
            return table.names[number]
        }
    }

    private static func names(_ path: String) -> [Int64: String] {
        var names: [Int64: String] = [:]
        for line in (SmallFile.read(path, limit: 1 << 20) ?? []).split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard parts.count > 2, let number = Int64(AuditText.text(parts[2])), names[number] == nil else { continue }
            names[number] = AuditText.text(parts[0])
        }
        return names
    }
}
