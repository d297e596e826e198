package import CordonModel
package import CordonScan
internal import Logging

/// Follows the log files that a path or pattern leads to, through rotation, line by line. New files are taken up when
/// they appear; hints of the kernel make that fast, and looking once a second makes it certain.
package actor FileSource: Source {
    package nonisolated let id: String
    private let glob: FileGlob
    private let start: StartPosition
    private let includesRotated: Bool
    private let surroundings: Surroundings
    private nonisolated let thread: SourceThread
    private let logger = Logger(label: "cordon.collect.file")

    private var logs: [FollowedLog] = []
    /// The positions of each log as they are kept, made anew only when they move.
    private var kept: [JSONValue] = []
    private var told = false
    /// What was said last of what cannot be read.
    private var toldFault: String?

    /// How long the truth may be behind: the files are looked at that often without any hint.
    private static let pollMilliseconds: Int32 = 1000

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Follows the files; none of them need be there yet.
    /// - Parameters:
    ///   - path: A path, or a pattern with `*`, `?` and `[…]` in any of its parts; at most 1,000 files.
    ///   - includesRotated: On the very first start at the beginning, files that were rotated away are read before,
    ///     those compressed by gzip too.
    package init(
        path: String, start: StartPosition, includesRotated: Bool = false, surroundings: Surroundings
    ) {
        id = "file:\(path)"
        glob = FileGlob(path)
        self.start = start
        self.includesRotated = includesRotated
        self.surroundings = surroundings
        thread = SourceThread(name: "cordon-file")
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        let wakeUp = try WakeUp()
        defer {
            wakeUp.close()
            (logs, kept, toldFault) = ([], [], nil)
        }
        let watch = FileWatch()
        begin(from: position)
        // A start at the end is a place too: a restart must not pass over what came meanwhile.
        if position == nil { try await hand(on: FileBatch(), deliver) }
        try await withTaskCancellationHandler {
            while !Task.isCancelled {
                if try await pass(deliver) { continue }
                for folder in glob.folders() { watch.add(folder, folder: true) }
                for log in logs { watch.add(log.name, folder: false) }
                wakeUp.wait(on: watch.descriptor, milliseconds: Self.pollMilliseconds)
                watch.drain()
                takeUpNew()
            }
        } onCancel: {
            wakeUp.call()
        }
    }

    // MARK: - Which files

    private func begin(from position: JSONValue?) {
        (logs, kept) = ([], [])
        for place in FilePlaces.places(position, path: glob.text) {
            let log = add(place.path)
            log.begin(from: place.files, finished: place.finished)
        }
        takeUpNew(start: position == nil ? start : .beginning, includingRotated: position == nil && includesRotated)
    }

    /// Takes up files that the pattern leads to and that are not followed yet.
    private func takeUpNew(start: StartPosition = .beginning, includingRotated: Bool = false) {
        guard glob.isPattern else {
            if logs.isEmpty { add(glob.text).begin(start, includingRotated: includingRotated) }
            return
        }
        let (paths, isWhole) = glob.paths()
        // Those that are gone for good make room.
        let there = Set(paths)
        let stay = logs.indices.filter { !logs[$0].isGone || there.contains(logs[$0].name) }
        if stay.count < logs.count { (logs, kept) = (stay.map { logs[$0] }, stay.map { kept[$0] }) }
        let known = Set(logs.map(\.name))
        for path in paths where !known.contains(path) && logs.count < FileGlob.limit {
            // What a rotation leaves is read as the part of its log that it is.
            guard !FilePlaces.isRotated(path, among: known), !FilePlaces.isRotated(path, among: there) else { continue }
            add(path).begin(start, includingRotated: includingRotated)
        }
        if !isWhole, !told {
            told = true
            tell("\(glob.text) leads to more than \(FileGlob.limit) files: the others are not read.")
        }
    }

    private func add(_ path: String) -> FollowedLog {
        let log = FollowedLog(path, source: id, surroundings: surroundings)
        logs.append(log)
        kept.append([])
        return log
    }

    private func tell(_ message: String) {
        logger.warning("\(message)")
        logs.first?.gaps.append(Gap(source: id, noticedAt: surroundings.now(), message: message))
    }

    // MARK: - Reading

    /// Looks once at all files; `true` when there is more to do at once.
    private func pass(_ deliver: @Sendable (SourceBatch) async throws -> Void) async throws -> Bool {
        var batch = FileBatch()
        var isBusy = false
        for log in logs {
            if log.read(into: &batch) { isBusy = true }
            if batch.isFull {
                try await hand(on: batch, deliver)
                batch = FileBatch()
                if Task.isCancelled { return true }
            }
        }
        if !batch.records.isEmpty || logs.contains(where: { !$0.gaps.isEmpty }) || fault != toldFault {
            try await hand(on: batch, deliver)
        }
        return isBusy
    }

    private func hand(on batch: FileBatch, _ deliver: @Sendable (SourceBatch) async throws -> Void) async throws {
        let gaps = logs.flatMap(\.gaps)
        let fault = fault
        try await deliver(SourceBatch(records: batch.records, gaps: gaps, position: places(), fault: fault))
        for log in logs { log.gaps = [] }
        toldFault = fault
    }

    /// What of the files cannot be read now.
    private var fault: String? {
        let faults = logs.compactMap(\.fault)
        if let first = faults.first {
            return faults.count == 1 ? first : "\(first) And \(faults.count - 1) more files like it."
        }
        if logs.allSatisfy(\.isGone) { return "There is no file \(glob.text)." }
        return nil
    }

    private func places() -> JSONValue {
        for (index, log) in logs.enumerated() where log.hasMoved {
            kept[index] = FilePlaces.json(log)
            log.hasMoved = false
        }
        return FilePlaces.json(kept)
    }
}
