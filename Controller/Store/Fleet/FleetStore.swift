package import ControllerFleet
internal import CordonModel
internal import CordonTrust
internal import FoundationEssentials
internal import GRDB

/// The fleet's hosts, tokens and orders in the controller's database.
package struct FleetStore: Sendable {
    let database: Database

    /// Over a database whose schema is current.
    package init(_ database: Database) { self.database = database }

    /// What ``Fleet`` is loaded from.
    package var stores: Fleet.Stores {
        Fleet.Stores(
            hosts: self, tokens: self, orders: self, hunts: self, evidence: self, standing: self, upgrades: self)
    }
}

/// A row that does not say what it must: somebody changed the database by hand, or the disk did.
extension StoreError {
    static func damagedRow(_ table: String) -> StoreError {
        StoreError(
            code: "store.damaged_row", message: "A row of \(table) cannot be read.",
            remedy: "Restore the database from its backup; `cordon audit verify` shows what was changed.")
    }
}

extension Row {
    func identifier<Subject>(_ column: String, in table: String) throws -> Identifier<Subject> {
        guard let data = self[column] as Data?, let id = Identifier<Subject>(bytes: data) else {
            throw StoreError.damagedRow(table)
        }
        return id
    }

    func fingerprint(_ column: String, in table: String) throws -> Fingerprint {
        guard let data = self[column] as Data?, let value = Fingerprint(bytes: Array(data)) else {
            throw StoreError.damagedRow(table)
        }
        return value
    }

    func instant(_ column: String) -> Timestamp? { (self[column] as Int64?).map { Timestamp(microseconds: $0) } }

    func instant(_ column: String, in table: String) throws -> Timestamp {
        guard let instant = instant(column) else { throw StoreError.damagedRow(table) }
        return instant
    }
}

extension Identifier {
    /// The 16 bytes, as a column holds them.
    var blob: Data { Data(uuid.bytes) }
}

extension Fingerprint {
    /// The 32 bytes, as a column holds them.
    var blob: Data { Data(bytes) }
}
