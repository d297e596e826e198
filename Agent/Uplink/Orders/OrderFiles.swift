internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import Glibc
internal import NIOPosix
internal import SwiftProtobuf

/// Orders and results on disk: `ID.order` until the controller has acknowledged the result, `ID.result` from the moment
/// that it is known. One small file each, written whole or not at all, so that no damage to one can lose another.
struct OrderFiles: Sendable {
    /// Orders kept at one time. A controller that sends more gets its answers first.
    static let limit = 1000
    /// Bytes of a file: an order may hold a long list of networks.
    private static let longestFile = 2 << 20

    private let folder: String

    init(folder: String) throws {
        self.folder = folder
        try KeyFile.makeFolder(folder)
    }

    /// One kept order.
    struct Entry: Sendable {
        var id: OrderID
        var order: Cordon_V1_SignedOrder
        var result: Cordon_V1_OrderResult?
    }

    func keep(_ order: Cordon_V1_SignedOrder, id: OrderID) async throws {
        let bytes: [UInt8] = try order.serializedBytes()
        try await offPool { try KeyFile.write(bytes, to: path(id, "order")) }
    }

    func keep(_ result: Cordon_V1_OrderResult, id: OrderID) async throws {
        let bytes: [UInt8] = try result.serializedBytes()
        try await offPool { try KeyFile.write(bytes, to: path(id, "result")) }
    }

    /// The order goes first: one without a result would be asked of the enforcer again.
    func forget(_ id: OrderID) async throws {
        try await offPool {
            for kind in ["order", "result"] { KeyFile.remove(path(id, kind)) }
        }
    }

    /// All that is kept, oldest first. A file that cannot be read is put aside as `.damaged`, never deleted.
    func all() async throws -> [Entry] {
        try await offPool {
            var entries: [Entry] = []
            for id in identifiers() {
                guard let order: Cordon_V1_SignedOrder = read(id, "order") else { continue }
                entries.append(Entry(id: id, order: order, result: read(id, "result")))
            }
            return entries
        }
    }

    private func read<Content: Message>(_ id: OrderID, _ kind: String) -> Content? {
        let path = path(id, kind)
        guard KeyFile.exists(path) else { return nil }
        if let bytes = try? KeyFile.read(path, limit: Self.longestFile),
            let content = try? Content(serializedBytes: bytes)
        {
            return content
        }
        unsafe rename(path, path + ".damaged")
        return nil
    }

    private func identifiers() -> [OrderID] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var found: [OrderID] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(".order"), let id = OrderID(name.dropLast(6)) else { continue }
            found.append(id)
        }
        return found.sorted()
    }

    private func path(_ id: OrderID, _ kind: String) -> String { "\(folder)/\(id).\(kind)" }

    /// These calls wait for the disk: not on the cooperative pool.
    private func offPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(work)
    }
}
