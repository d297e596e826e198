internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import Glibc

/// Lists of networks on disk, each in a file of its own that is named for its hash. The journal holds the hash alone, so
/// that it stays small however often it is written anew.
struct ListFiles: Sendable {
    /// Where they are, below the folder of the enforcer's state.
    let folder: String

    private func path(_ digest: String) -> String { "\(folder)/\(digest)" }

    /// On disk, synced, when it returns.
    func keep(_ list: AddressList) throws(EnforceError) {
        do throws(TrustError) {
            try KeyFile.makeFolder(folder)
            let path = path(list.digest)
            // One that is damaged is written anew.
            if (try? self.list(list.digest)) == nil { try KeyFile.write(list.bytes, to: path) }
        } catch {
            throw EnforceError("list.not_kept", error.message, remedy: error.remedy)
        }
    }

    /// The list of a hash.
    func list(_ digest: String) throws(EnforceError) -> AddressList {
        guard let bytes = TextFile.bytes(path(digest)), let list = AddressList(bytes: bytes), list.digest == digest
        else {
            throw EnforceError(
                "list.damaged", "The list \(path(digest)) is not there, or is not what it was.",
                remedy: "Order it again.")
        }
        return list
    }

    /// Removes all files but those of these lists.
    func forget(but digests: Set<String>) {
        for name in TextFile.names(in: folder) where !digests.contains(name) { unsafe unlink(path(name)) }
    }
}

/// What a held effect knows of its list.
struct HeldList: Equatable {
    /// SHA-256, hexadecimal.
    var digest: String
    var count: Int

    init(_ list: AddressList) { (digest, count) = (list.digest, list.count) }

    /// As a held effect keeps it.
    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(text: digest)
        writer.put(Int64(count))
        return writer.bytes
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard let digest = reader.text(), digest.utf8.count == 64, HexDigit.bytes(digest) != nil,
            let count = reader.number().flatMap({ Int(exactly: $0) }), count > 0, reader.isAtEnd
        else { return nil }
        (self.digest, self.count) = (digest, count)
    }
}

extension DesiredState {
    /// Lists in force, by name.
    var lists: [String: HeldList] {
        var lists: [String: HeldList] = [:]
        for effect in held.values where effect.key.kind == .blockAddresses {
            lists[effect.key.subject] = HeldList(bytes: effect.undo)
        }
        return lists
    }
}
