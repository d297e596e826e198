internal import CLinux
package import CordonModel

extension Quarantine {
    /// What became of something that was half done.
    package struct Settlement: Sendable, Equatable {
        package enum Outcome: Sendable, Equatable {
            /// The file is kept, removed or put back, as it was meant to be.
            case finished
            /// All is as it was before.
            case undone
            /// It cannot be told yet, such as while the file system is not mounted; the reason.
            case pending(String)
            /// What is kept cannot be read. It is left as it is.
            case damaged
        }

        package let id: UUIDv7
        /// Where the file was; empty when that cannot be read.
        package let path: String
        package let outcome: Outcome
    }

    /// Finishes or undoes whatever was half done; returns what there was. A new start does it by itself; it is worth
    /// repeating when a file system was mounted since.
    @discardableResult
    package func settle() -> [Settlement] { withLock { slots.compactMap(settle) } }

    /// The same for one slot; `nil` when it is settled already.
    func settle(_ slot: QuarantineSlot) -> Settlement? {
        guard let record = slot.record else {
            let isVoid = slot.isVoid && (try? slot.remove()) != nil
            return Settlement(id: slot.id, path: "", outcome: isVoid ? .undone : .damaged)
        }
        do {
            let place = try FilePlace(record.path)
            guard let outcome = try settle(record, slot, at: place) else { return nil }
            return Settlement(id: slot.id, path: record.path, outcome: outcome)
        } catch {
            // A file that is held needs nothing of its old place.
            if record.state == .held { return nil }
            return Settlement(id: slot.id, path: record.path, outcome: .pending("\(error)"))
        }
    }

    private func settle(
        _ record: QuarantineRecord, _ slot: QuarantineSlot, at place: FilePlace
    ) throws -> Settlement.Outcome? {
        let hidden = try FileStatus(of: record.hiddenName, in: place.folder)
        let named = try FileStatus(of: place.name, in: place.folder)
        switch record.state {
        case .held:
            // What bears the hidden name is the original that was taken, or a new file that was never complete.
            guard hidden != nil else { return nil }
            try place.remove(record.hiddenName)
            try place.sync()
            return .finished
        case .taking: return try settleTaking(record, slot, at: place, hidden, named)
        case .deleting: return try settleDeleting(record, slot, at: place, hidden, named)
        case .restoring:
            if let named, named.identity.inode == record.restoredInode {
                try relock(record, at: place, as: named)
                try slot.remove()
                return .finished
            }
            try place.remove(record.hiddenName)
            var held = record
            held.state = .held
            try held.write(to: slot.recordPath)
            return .undone
        }
    }

    /// The copy was complete before the name was taken away: once it is, all is finished, and before, all is undone.
    private func settleTaking(
        _ record: QuarantineRecord, _ slot: QuarantineSlot, at place: FilePlace, _ hidden: FileStatus?,
        _ named: FileStatus?
    ) throws -> Settlement.Outcome {
        if let hidden, hidden.identity != record.identity || !slot.isWhole(record) {
            try place.rename(record.hiddenName, to: place.name)
            try relock(record, at: place, as: hidden)
            try slot.remove()
            return .undone
        }
        if hidden == nil, let named {
            try relock(record, at: place, as: named)
            try slot.remove()
            return .undone
        }
        // Taken by us, or by somebody else since: what there is, is the copy.
        guard slot.isWhole(record) else { return .pending("the file is neither in its place nor kept whole") }
        var held = record
        held.state = .held
        try held.write(to: slot.recordPath)
        try place.remove(record.hiddenName)
        try place.sync()
        return .finished
    }

    private func settleDeleting(
        _ record: QuarantineRecord, _ slot: QuarantineSlot, at place: FilePlace, _ hidden: FileStatus?,
        _ named: FileStatus?
    ) throws -> Settlement.Outcome {
        if let hidden, hidden.identity != record.identity {
            try place.rename(record.hiddenName, to: place.name)
            try relock(record, at: place, as: hidden)
        } else if hidden != nil {
            try place.remove(record.hiddenName)
        } else if let named {
            try relock(record, at: place, as: named)
        }
        try place.sync()
        try slot.remove()
        return hidden?.identity == record.identity || named == nil ? .finished : .undone
    }

    /// Puts the flags back on the file that is in its place, when it is the one that had them.
    private func relock(_ record: QuarantineRecord, at place: FilePlace, as status: FileStatus) throws {
        guard status.isRegular, [record.identity.inode, record.restoredInode].contains(status.identity.inode) else {
            return
        }
        let file = try Descriptor(unsafe clinux_open_regular(place.folder.number, place.name)) {
            .file("open", record.path, $0)
        }
        // Whoever owns the folder may have put another file there since the look.
        guard try FileStatus(of: file, record.path).isSame(as: status) else { return }
        try InodeFlags.write(record.metadata.flags, file, record.path)
        try place.sync()
    }
}
