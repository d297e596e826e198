internal import Glibc

/// Files of utmp(5): records of one width, the newest last.
enum LoginRecords {
    #if arch(arm64) || arch(riscv64)
    /// Bytes of a record, and where its time is in it: glibc's 64-bit ports keep the width that 32-bit ones had, but for
    /// those that never had any.
    static let width = 400
    static let time = 344
    #else
    static let width = 384
    static let time = 340
    #endif

    /// The newest records, the last first, and how many there are: under an attack a file has millions, of which only the end
    /// is read. `nil`, and `errno`, where it cannot be read.
    static func newest(of path: String, most: Int) -> (records: [[UInt8]], all: Int)? {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard number >= 0 else { return nil }
        defer { close(number) }
        guard let status = FileStatus(descriptor: number), status.isRegular else { return ([], 0) }
        let all = Int(status.identity.size) / width
        let first = max(0, all - most)
        var bytes = [UInt8](repeating: 0, count: (all - first) * width)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(number, $0.baseAddress, $0.count, first * width)
        }
        guard count >= 0 else { return nil }
        let records = (0..<count / width).reversed().map { Array(bytes[$0 * width..<($0 + 1) * width]) }
        return (records, all)
    }
}
