internal import CordonScan
internal import Glibc

/// pySigma with its SQLite backend, by a script beside this folder.
struct PySigmaContender {
    let environment: String

    /// `nil`, and a word on standard error, where it cannot be installed or run.
    func measure(_ events: SigmaEvents, folders: [String]) -> Row? {
        let script = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/pysigma-sqlite.py"
        let words = ["python3", script, environment, events.file] + folders
        guard let output = run(words.map(quoted).joined(separator: " ")),
            let value = try? JSONValue.parse(output), let rules = value["rules"]?.integer,
            let events = value["events"]?.integer, let speed = value["events_per_second"]?.number,
            let matches = value["matches"]?.integer
        else {
            let word = Array("pySigma could not be measured: no network for pip, or no python3-venv\n".utf8)
            _ = unsafe write(STDERR_FILENO, word, word.count)
            return nil
        }
        return Row(
            sut: "pysigma-sqlite", rules: Int(rules), events: Int(events), eventsPerSecond: speed, matches: Int(matches)
        )
    }

    private func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private func run(_ command: String) -> [UInt8]? {
        guard let pipe = unsafe popen(command, "r") else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return unsafe pclose(pipe) == 0 ? bytes : nil
    }
}
