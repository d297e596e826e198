internal import CordonTesting
internal import Glibc

/// Lines as sshd writes them, at a steady rate.
struct Load {
    let path: String
    /// Lines a second.
    let rate: Int
    let seconds: Int

    /// Writes ten times a second.
    func run() throws {
        let file = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw TestFailure("\(path) cannot be opened") }
        defer { close(file) }
        let start = ContinuousClock.now
        for tick in 0..<(seconds * 10) {
            let text = (0..<(rate / 10)).map { line(tick * rate + $0) }.joined()
            let bytes = Array(text.utf8)
            guard unsafe write(file, bytes, bytes.count) == bytes.count else {
                throw TestFailure("\(path) cannot be written")
            }
            let left = start + .milliseconds(100 * (tick + 1)) - .now
            if left > .zero { usleep(UInt32(left / Duration.microseconds(1))) }
        }
    }

    private func line(_ number: Int) -> String {
        "Nov 21 05:00:00 web sshd[\(number % 30_000 + 1)]: Connection closed by 198.51.100.\(number % 250) port 40022\n"
    }
}
