internal import CordonFrames
internal import SystemPackage

/// The enforcer's append-only file: what was not wholly written is cut off when it is opened, and damage costs the
/// records it lies in.
///
/// A reserve is kept allocated behind the end, so that a release can be written down when the disk is full.
struct JournalFile: ~Copyable {
    /// Bytes kept allocated behind the end for what must not fail.
    private static let reserve = 65_536

    let path: String
    private var file: FrameFile
    /// Set when the kernel could not sync: what is on disk is not known, so nothing but a release is written any more.
    private var isSuspect = false

    /// Bytes of the file that count.
    var length: Int { file.length }
    /// Whether some records could not be read when it was opened.
    var wasDamaged: Bool { file.wasDamaged }

    /// Opens or makes the file, and hands every whole record to the closure, in order.
    init(_ path: String, read: (ArraySlice<UInt8>) -> Void) throws(EnforceError) {
        do throws(FrameError) {
            file = try FrameFile(FilePath(path), reserve: Self.reserve, read: read)
        } catch {
            throw EnforceError(error, of: path)
        }
        self.path = path
    }

    /// Appends records and syncs them; all are on disk when it returns, none when it throws. `urgent` ones use the
    /// reserve.
    mutating func append(_ contents: [[UInt8]], urgent: Bool) throws(EnforceError) {
        guard urgent || !isSuspect else {
            throw EnforceError(
                "journal.suspect", "\(path) could not be synced before; nothing but a release is carried out.",
                remedy: "Check the disk, then restart cordon-enforcer.")
        }
        do throws(FrameError) {
            try file.append(contents, urgent: urgent)
        } catch {
            isSuspect = isSuspect || error.code == FrameError.notSynced
            throw EnforceError(error, of: path)
        }
    }

    /// Puts another file in this one's place, wholly written and synced before.
    static func replace(_ path: String, with contents: [[UInt8]]) throws(EnforceError) {
        do throws(FrameError) {
            try FrameFile.replace(FilePath(path), with: contents)
        } catch {
            throw EnforceError(error, of: path)
        }
    }
}

extension EnforceError {
    /// What a file of frames said, in the words of the journal.
    fileprivate init(_ error: FrameError, of path: String) {
        switch error.code {
        case FrameError.foreign:
            self.init(
                "journal.foreign", "\(path) is not a journal of the enforcer.",
                remedy: "Move it aside; nothing of it is deleted. An isolation that it may hold is then not known.")
        case FrameError.diskFull:
            self.init("journal.full", error.message, remedy: "Free some space; releases still work.")
        default:
            self.init(
                error.code == FrameError.notWritable ? "journal.read_only" : "journal.failed", error.message,
                remedy: "Check the folder's owner, mode and mount, and that no other enforcer uses it.")
        }
    }
}
