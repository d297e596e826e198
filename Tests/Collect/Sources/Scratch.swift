import AgentCollect
import CordonModel
import CordonScan
import Glibc
import SystemPackage
import Testing

/// A folder for one test, gone with it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var bytes = "/tmp/cordon-collect-test.XXXXXX".utf8CString.map { $0 }
        guard unsafe mkdtemp(&bytes) != nil else { throw Errno(rawValue: errno) }
        path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove(path) }

    private func remove(_ folder: String) {
        for name in FolderNames.of(folder) where unsafe unlink(folder + "/" + name) != 0 { remove(folder + "/" + name) }
        unsafe rmdir(folder)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func append(_ name: String, _ text: String) throws { try append(name, Array(text.utf8)) }

    func append(_ name: String, _ bytes: [UInt8]) throws {
        let file = try FileDescriptor.open(
            FilePath(file(name)), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite
        )
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    func write(_ text: String, at offset: Int64, of name: String) throws {
        let file = try FileDescriptor.open(FilePath(self.file(name)), .writeOnly)
        try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: offset, text.utf8) }
    }

    func rename(_ name: String, to other: String) throws {
        guard unsafe Glibc.rename(file(name), file(other)) == 0 else { throw Errno(rawValue: errno) }
    }

    func truncate(_ name: String) throws {
        guard unsafe Glibc.truncate(file(name), 0) == 0 else { throw Errno(rawValue: errno) }
    }
}

/// Takes what a source delivers, and lets a test wait for it.
actor Deliveries {
    /// Of each batch what could not be read then.
    private(set) var faults: [String?] = []
    private(set) var batches: [[Record]] = []
    var records: [Record] { batches.flatMap(\.self) }
    private(set) var gaps: [Gap] = []
    private(set) var position: JSONValue?
    private var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    func take(_ batch: SourceBatch) {
        batches.append(batch.records)
        gaps += batch.gaps
        position = batch.position
        faults.append(batch.fault)
        let total = records.count + gaps.count
        for waiter in waiting where waiter.count <= total { waiter.continuation.resume() }
        waiting.removeAll { $0.count <= total }
    }

    /// Waits until that many records and gaps together have come.
    func wait(for count: Int) async {
        guard records.count + gaps.count < count, !Task.isCancelled else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiting.append((count, $0)) }
        } onCancel: {
            Task { await giveUp() }
        }
    }

    /// Waits until nothing has come for half a second: for a test that cannot know how much will.
    func settle() async {
        var before = -1
        while before != records.count + gaps.count {
            before = records.count + gaps.count
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Lets a test go whose time is over.
    private func giveUp() {
        for waiter in waiting { waiter.continuation.resume() }
        waiting = []
    }

    var lines: [String] { records.map { String(decoding: $0.text, as: UTF8.self) } }
}

/// Runs a source while the body runs, then ends it.
func following<Result: Sendable>(
    _ source: any Source, from position: JSONValue? = nil, into deliveries: Deliveries,
    _ body: @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await source.run(from: position) { await deliveries.take($0) } }
        let result = try await body()
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
}

let surroundings = Surroundings(now: { Timestamp(seconds: 1_790_000_000) }, random: { 4 })
