internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import SystemPackage

/// The releases that the controller has. Their truth is in the repository and the folder.
actor ReleaseShelf {
    private let repository: any UpgradeRepository
    private let folder: SumFolder
    private let root: VerifyingKey
    private let fleet: String
    private var stocks: [ReleaseKey: ReleaseStock] = [:]
    private let turn = Turn()

    /// Releases of one fleet.
    static let most = 64
    /// Bytes that stay free on the disk.
    private static let spare: Int64 = 64 << 20

    init(repository: any UpgradeRepository, folder: SumFolder, root: VerifyingKey, fleet: String) {
        self.repository = repository
        self.folder = folder
        self.root = root
        self.fleet = fleet
    }

    /// Takes up what was there when the controller ended.
    func load() async throws {
        for record in try await repository.allReleases() { stocks[record.key] = try await stock(record) }
    }

    /// All releases, by version and architecture.
    var all: [ReleaseStock] { stocks.sorted { $0.key < $1.key }.map(\.value) }

    /// The release; `nil` unless all its packages are here.
    func whole(_ key: ReleaseKey) -> ReleaseRecord? { stocks[key].flatMap { $0.isWhole ? $0.record : nil } }

    /// The architectures for which the version is here whole.
    func architectures(of version: String) -> [String] {
        all.filter { $0.isWhole && $0.record.release.version == version }.map(\.record.release.architecture)
    }

    // MARK: - Adding

    /// Adds what the policy root signed. Its packages are given afterwards.
    /// - Returns: What is still missing of it.
    func add(_ signed: [UInt8], by principal: Principal, at now: Timestamp) async throws -> ReleaseStock {
        try await turn.take { try await self.addNext(signed, by: principal, at: now) }
    }

    private func addNext(_ signed: [UInt8], by principal: Principal, at now: Timestamp) async throws -> ReleaseStock {
        let record = try opened(signed, by: principal, at: now)
        if let known = stocks[record.key] {
            guard known.record.envelope != record.envelope else { return known }
            // The same packages, signed again: with a later end.
            guard known.record.release.files == record.release.files else {
                throw FleetError.releaseConflict(record.key)
            }
        } else if stocks.count >= Self.most {
            throw FleetError.badRelease("there are \(Self.most) releases already, remove one first")
        }
        let fresh = try await stock(record)
        try await checkRoom(for: record.release.bytes - fresh.arrived.reduce(0, +))
        try await repository.save(record, recording: [entry("release.added", record.release, principal, now)])
        stocks[record.key] = fresh
        return fresh
    }

    private func opened(_ signed: [UInt8], by principal: Principal, at now: Timestamp) throws -> ReleaseRecord {
        guard let envelope = try? ReleaseEnvelope(serialized: signed) else {
            throw FleetError.badRelease("it is no signed release")
        }
        guard envelope.isSigned(by: root) else {
            throw FleetError.badRelease("this fleet's policy root did not sign it")
        }
        guard let release = try? Release(serialized: envelope.release) else {
            throw FleetError.badRelease("what was signed is beyond the limits of a release")
        }
        guard release.fleet == fleet else { throw FleetError.badRelease("it is for the fleet \(release.fleet)") }
        guard release.expiresAt > now else { throw FleetError.badRelease("it expired at \(release.expiresAt)") }
        return ReleaseRecord(release: release, envelope: envelope, addedAt: now, addedBy: principal.name)
    }

    private func checkRoom(for bytes: Int64) async throws {
        guard bytes > 0, let room = try await folder.room() else { return }
        guard room - Self.spare >= bytes else { throw FleetError.noRoom(bytes) }
    }

    /// Adds part of a package that some release names.
    /// - Returns: Bytes of it that are here now, and whether a release is whole by it.
    func add(
        _ bytes: [UInt8], at offset: Int64, of sha256: [UInt8], by principal: Principal, at now: Timestamp
    ) async throws -> (arrived: Int64, completes: Bool) {
        try await turn.take { try await self.addNext(bytes, at: offset, of: sha256, by: principal, at: now) }
    }

    private func addNext(
        _ bytes: [UInt8], at offset: Int64, of sha256: [UInt8], by principal: Principal, at now: Timestamp
    ) async throws -> (arrived: Int64, completes: Bool) {
        let named = all.lazy.flatMap(\.record.release.files).first { $0.sha256 == sha256 }
        guard let file = named else {
            throw FleetError.unknownRelease("with the package \(HexDigit.text(sha256).prefix(16))")
        }
        if try await folder.holds(sha256, file.size) { return (file.size, false) }
        let draft = SumFolder.Draft(owner: "release", sha256: sha256, size: file.size)
        if try await folder.arrived(draft) == 0 { try await checkRoom(for: file.size) }
        let arrived: Int64
        do { arrived = try await folder.add(bytes, at: offset, of: draft) } catch let error as Errno
            where error == .noSpace || error == .diskQuotaExceeded
        { throw FleetError.noRoom(file.size) }
        var completes = false
        if arrived == file.size {
            guard try await folder.keep(draft) else {
                note(0, of: sha256)
                throw FleetError.alteredPackage(file.package)
            }
            let before = all.filter(\.isWhole).count
            note(arrived, of: sha256)
            completes = all.filter(\.isWhole).count > before
        } else {
            note(arrived, of: sha256)
        }
        return (arrived, completes)
    }

    private func note(_ arrived: Int64, of sha256: [UInt8]) {
        for (key, stock) in stocks {
            for (place, file) in stock.record.release.files.enumerated() where file.sha256 == sha256 {
                stocks[key]?.arrived[place] = arrived
            }
        }
    }

    private func stock(_ record: ReleaseRecord) async throws -> ReleaseStock {
        var arrived: [Int64] = []
        for file in record.release.files {
            if try await folder.holds(file.sha256, file.size) {
                arrived.append(file.size)
            } else {
                // All bytes, and not kept: it ended before they were looked at. The next part does that.
                let draft = SumFolder.Draft(owner: "release", sha256: file.sha256, size: file.size)
                arrived.append(min(try await folder.arrived(draft), file.size - 1))
            }
        }
        return ReleaseStock(record: record, arrived: arrived)
    }

    // MARK: - Ending

    /// Removes a version, of all architectures, and the packages that no other release has.
    func remove(_ version: String, by principal: Principal, at now: Timestamp) async throws {
        try await turn.take { try await self.removeNext(version, by: principal, at: now) }
    }

    private func removeNext(_ version: String, by principal: Principal, at now: Timestamp) async throws {
        let gone = all.filter { $0.record.release.version == version }
        guard !gone.isEmpty else { throw FleetError.unknownRelease(version) }
        try await repository.remove(
            gone.map(\.record.key),
            recording: gone.map { entry("release.removed", $0.record.release, principal, now) })
        for stock in gone { stocks[stock.record.key] = nil }
        let kept = Set(all.flatMap { $0.record.release.files.map(\.sha256) })
        for file in gone.flatMap(\.record.release.files) where !kept.contains(file.sha256) {
            try await folder.remove(file.sha256)
            try await folder.drop(.init(owner: "release", sha256: file.sha256, size: file.size))
        }
    }

    private func entry(_ verb: String, _ release: Release, _ principal: Principal, _ now: Timestamp) -> AuditEntry {
        var details = [
            "version": release.version, "architecture": release.architecture, "expires_at": "\(release.expiresAt)",
        ]
        for file in release.files { details["package_\(file.package)"] = HexDigit.text(file.sha256) }
        return AuditEntry(
            at: now, actor: principal.name, verb: verb, subject: "release:\(release.version)", details: details)
    }
}

/// Has those who come wait for each other, first come first served: an actor lets others in wherever it waits.
actor Turn {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Does the work when all that came before is done.
    func take<Value: Sendable>(_ work: @Sendable () async throws -> Value) async rethrows -> Value {
        if isTaken { await withCheckedContinuation { waiting.append($0) } }
        isTaken = true
        defer { if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() } }
        return try await work()
    }
}
