internal import CordonFrames
internal import SystemPackage

/// A small file that holds one record, with a sum: written whole or not at all.
enum RecordFile {
    /// Writes it in the place of an earlier one; it is on the disk when it returns.
    static func write(_ bytes: [UInt8], to path: String) throws(EnforceError) {
        do throws(FrameError) {
            try FrameFile.replace(FilePath(path), with: [bytes])
        } catch {
            throw EnforceError(
                error.code == FrameError.diskFull ? "file.disk_full" : "file.record", error.message,
                remedy: error.remedy)
        }
    }

    /// Reads it; `nil` when it is damaged or not there. Nothing of the file is changed: what cannot be read is left for
    /// people to look at.
    static func read(_ path: String) -> [UInt8]? {
        guard let file = (try? File.openIfPresent(FilePath(path))) ?? nil else { return nil }
        defer { file.close() }
        guard let start = try? file.read(at: 0, count: FileHeader.length), let header = FileHeader(start) else {
            return nil
        }
        var reader = FrameReader(
            file, epoch: header.epoch, from: FileHeader.length, limit: FrameFile.entryLimit)
        guard case .frame(let frame, damage: false)? = try? reader.next() else { return nil }
        return frame.payload
    }
}
