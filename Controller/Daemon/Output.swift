internal import ArgumentParser
internal import CordonModel
internal import Glibc

/// What the commands say on standard error, where a person looks when a program ends.
enum Complaint {
    /// One sentence, then an exit with status 1.
    static func fail(_ error: any Error) -> ExitCode {
        write("cordon-controller: \(sentence(error))\n")
        return ExitCode(1)
    }

    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    /// What a person can act on; errors of the system's network calls are put into words.
    static func sentence(_ error: any Error) -> String {
        if let error = error as? any ActionableError { return error.description }
        return "\(error)"
    }
}
