internal import CLinux
internal import CordonModel
internal import Glibc

/// The program in which rules are compiled and matched. It is given up at the first word that it does not say in time: what
/// comes from it is no more to be believed than the files that it reads.
final class YaraChild {
    /// A rule that matched.
    struct Match: Equatable {
        var rule: String
        /// Where its strings are: their names, offsets and lengths.
        var strings: [(name: String, offset: UInt64, length: Int64)] = []

        static func == (a: Match, b: Match) -> Bool {
            a.rule == b.rule && a.strings.elementsEqual(b.strings) { $0 == $1 }
        }
    }

    /// What it found in one file.
    struct Answer: Equatable {
        var matches: [Match] = []
        /// There was more than is told.
        var isMore = false
        /// Of yara/error.h; zero where all went well.
        var code = 0

        /// The time of one file was over.
        var isTimeOver: Bool { code == 26 }
    }

    /// Where the package cordon-yara has it.
    static let usualPath = "/usr/lib/cordon/cordon-yara"
    /// Bytes of one packet of ours, and of one answer.
    private static let mostPacket = 1 << 16
    private static let mostAnswer = 1 << 16
    /// Of one file, before the look at it is given up.
    static let secondsOfFile: Int64 = 20
    /// Names are identifiers of the rules' own.
    private static let longestName = 128

    private let channel: Descriptor
    private var child: Int32?
    private var buffer = [UInt8](repeating: 0, count: mostAnswer)

    /// Starts it, and has it compile the rules.
    /// - Parameter seconds: Of the processor, in all.
    init(_ path: String, rules: String, seconds: Int64) throws {
        guard unsafe access(path, X_OK) == 0 else {
            throw EnforceError(
                "yara.missing", "This host cannot scan with YARA rules: it has no \(path).",
                remedy: "Install cordon-yara.")
        }
        try RootOwned.check(path, required: true)
        let words = [path, "\(seconds)", "\(Self.secondsOfFile)"]
        let strings = unsafe words.map { unsafe strdup($0) }
        defer { unsafe strings.forEach { unsafe free($0) } }
        var vector = unsafe strings.map { unsafe UnsafePointer($0) } + [nil]
        var number: Int32 = 0
        channel = try Descriptor(unsafe clinux_child_start(&vector, &number)) {
            EnforceError.system("yara.failed", "\(path) cannot be started", $0)
        }
        child = number
        guard let line = try ask("R", Array(rules.utf8), within: .seconds(Self.secondsOfFile)).first else {
            throw Self.confused
        }
        guard line.hasPrefix("rules ") else {
            throw EnforceError("yara.rules", "The rules are not taken: \(line.dropFirst(6)).")
        }
    }

    deinit { if let child { _ = clinux_child_end(child) } }

    /// Matches an open file.
    func scan(_ file: Descriptor) throws -> Answer {
        try Self.answer(ask("F", [], file, within: .seconds(Self.secondsOfFile + 5)))
    }

    /// Matches pieces of a process's memory.
    /// - Parameter memory: An open /proc/PID/mem.
    func scan(_ pieces: [MemoryPlan.Piece], of memory: Descriptor, within time: Duration) throws -> Answer {
        for start in stride(from: 0, to: pieces.count, by: 2000) {
            var bytes: [UInt8] = []
            for piece in pieces[start..<min(start + 2000, pieces.count)] {
                bytes.put(piece.start)
                bytes.put(piece.size)
            }
            _ = try Self.answer(ask("P", bytes, within: .seconds(Self.secondsOfFile)))
        }
        return try Self.answer(ask("M", [], memory, within: time))
    }

    // MARK: - Talking

    private func ask(
        _ what: Character, _ bytes: [UInt8], _ file: Descriptor? = nil, within time: Duration
    ) throws(EnforceError) -> [Substring] {
        let packet = [what.asciiValue ?? 0] + bytes
        guard packet.count <= Self.mostPacket + 1, child != nil else { throw Self.confused }
        let sent = unsafe clinux_child_send(channel.number, packet, packet.count, file?.number ?? -1)
        let count =
            sent < 0
            ? 0
            : unsafe clinux_child_receive(
                channel.number, &buffer, buffer.count, Int32(clamping: max(.zero, time).milliseconds))
        guard count > 0 else { throw ended(isSlow: count == -Int64(ETIMEDOUT)) }
        return String(decoding: buffer[..<Int(count)], as: UTF8.self).split(separator: "\n")
    }

    /// Why it does not answer; it is gone when this returns.
    private func ended(isSlow: Bool) -> EnforceError {
        let status = child.map { clinux_child_end($0) } ?? 0
        child = nil
        if isSlow { return EnforceError("yara.slow", "The scanning process did not answer in time, and was ended.") }
        let how = status > 128 ? "by signal \(status - 128)" : "with status \(status)"
        return EnforceError(
            "yara.ended",
            "The scanning process ended \(how): the rules, or what they were matched with, were too much.",
            remedy: "Order it with fewer or simpler rules, or for less.")
    }

    private static let confused = EnforceError("yara.confused", "The scanning process's answer cannot be read.")

    /// Reads an answer strictly.
    static func answer(_ lines: [Substring]) throws(EnforceError) -> Answer {
        var answer = Answer()
        for line in lines.dropLast() {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            switch words.first {
            case "rule" where words.count == 2 && isName(words[1]): answer.matches.append(Match(rule: String(words[1])))
            case "string" where words.count == 4 && isName(words[1]):
                guard !answer.matches.isEmpty, let offset = UInt64(words[2]), let length = Int64(words[3]) else {
                    throw confused
                }
                answer.matches[answer.matches.count - 1].strings.append((String(words[1]), offset, length))
            case "more" where words.count == 1: answer.isMore = true
            default: throw confused
            }
        }
        guard let last = lines.last else { throw confused }
        if last.hasPrefix("error ") { throw EnforceError("yara.failed", "It cannot be scanned: \(last.dropFirst(6)).") }
        guard last.hasPrefix("end "), let code = Int(last.dropFirst(4)) else { throw confused }
        answer.code = code
        return answer
    }

    private static func isName(_ text: Substring) -> Bool {
        (1...longestName).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || byte == 0x5F || byte == 0x24
            }
    }
}
