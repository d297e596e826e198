internal import Glibc
package import SystemPackage

/// An open file; its owner closes it.
package struct File: Sendable {
    /// Where it was opened.
    package let path: FilePath
    /// The open file.
    package let descriptor: FileDescriptor

    /// Opens, or makes, a file that is no symbolic link; for its owner only when it is made.
    package static func open(
        _ path: FilePath, _ mode: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = []
    ) throws(FrameError) -> File {
        do {
            let options = options.union([.closeOnExec, .noFollow])
            let descriptor = try FileDescriptor.open(path, mode, options: options, permissions: .ownerReadWrite)
            return File(path: path, descriptor: descriptor)
        } catch {
            throw FrameError("open", path, error as? Errno ?? .ioError)
        }
    }

    /// Opens a file for reading; `nil` when there is none.
    package static func openIfPresent(_ path: FilePath) throws(FrameError) -> File? {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
            return File(path: path, descriptor: descriptor)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch {
            throw FrameError("open", path, error as? Errno ?? .ioError)
        }
    }

    /// Up to that many bytes, fewer only at the end of the file.
    package func read(at offset: Int, count: Int) throws(FrameError) -> [UInt8] {
        do {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let got = try unsafe bytes.withUnsafeMutableBytes { buffer in
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                    return try unsafe descriptor.read(fromAbsoluteOffset: Int64(offset + filled), into: rest)
                }
                if got == 0 { break }
                filled += got
            }
            bytes.removeLast(count - filled)
            return bytes
        } catch {
            throw FrameError("read", path, error as? Errno ?? .ioError)
        }
    }

    /// Writes all, or throws; how much was written then is not known.
    package func write(_ bytes: [UInt8], at offset: Int) throws(FrameError) {
        do {
            _ = try descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes)
        } catch {
            throw FrameError("write", path, error as? Errno ?? .ioError)
        }
    }

    /// Cuts the file off, or lengthens it by zeros.
    package func resize(to size: Int) throws(FrameError) {
        guard ftruncate(descriptor.rawValue, size) == 0 else {
            throw FrameError("shorten", path, Errno(rawValue: errno))
        }
    }

    /// Bytes of the file.
    package var size: Int {
        get throws(FrameError) {
            do {
                return Int(try descriptor.seek(offset: 0, from: .end))
            } catch {
                throw FrameError("measure", path, error as? Errno ?? .ioError)
            }
        }
    }

    /// Waits until the contents are on the disk.
    package func sync() throws(FrameError) {
        guard fsync(descriptor.rawValue) == 0 else {
            throw FrameError(
                code: FrameError.notSynced, "\(path.string) could not be synced: \(Errno(rawValue: errno)).",
                remedy: "Check the disk; the kernel's log says more.")
        }
    }

    /// Takes the file for this process alone; `false` when another has it.
    package func lock() -> Bool { flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 }

    /// Lets go of the descriptor; the file must not be used after.
    package func close() { try? descriptor.close() }
}
