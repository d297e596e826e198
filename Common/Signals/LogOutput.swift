package import Logging

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Where our daemons' logs go: standard error, a line a message, which the service manager keeps.
///
/// Control characters in messages and values are escaped: what a hostile host sends cannot forge a line or drive a terminal.
package struct LogOutput: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let label: String

    /// Makes this the handler of every logger, once, at the start of a daemon.
    package static func bootstrap(level: Logger.Level) {
        LoggingSystem.bootstrap { LogOutput(label: $0, level: level) }
    }

    init(label: String, level: Logger.Level) {
        self.label = label
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = "\(Self.priority(event.level))\(event.level.rawValue) \(label): \(Self.escaped("\(event.message)"))"
        let all = metadata.merging(event.metadata ?? [:]) { _, later in later }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(Self.escaped("\(value)"))" }
        line += "\n"
        let bytes = Array(line.utf8)
        unsafe _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    /// The sd-daemon(3) prefix by which journald knows a line's level.
    private static func priority(_ level: Logger.Level) -> String {
        guard unsafe getenv("JOURNAL_STREAM") != nil else { return "" }
        switch level {
        case .critical: return "<2>"
        case .error: return "<3>"
        case .warning: return "<4>"
        case .notice: return "<5>"
        case .info: return "<6>"
        case .debug, .trace: return "<7>"
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
