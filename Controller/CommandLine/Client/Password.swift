internal import Glibc

/// Asks for secrets.
enum PasswordPrompt {
    /// The first line of standard input.
    static func fromStandardInput() throws -> String {
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw Complaint(.usage, "Standard input holds no password.", "Give it in one line.")
        }
        return line
    }

    /// What is typed at the terminal, without echo.
    static func ask(_ question: String) throws -> String {
        let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else {
            throw Complaint(
                .usage, "There is no terminal to ask for the password at.", "Give it with --password-stdin.")
        }
        defer { close(terminal) }
        var before = termios()
        guard unsafe tcgetattr(terminal, &before) == 0 else {
            throw Complaint(
                .usage, "The terminal cannot be kept from showing the password.", "Give it with --password-stdin.")
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        unsafe tcsetattr(terminal, TCSAFLUSH, &silent)
        defer {
            unsafe tcsetattr(terminal, TCSAFLUSH, &before)
            say("\n", terminal)
        }
        say(question, terminal)
        var typed: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(terminal, &byte, 1) == 1, byte != UInt8(ascii: "\n"), typed.count < 4096 {
            typed.append(byte)
        }
        return String(decoding: typed, as: UTF8.self)
    }

    private static func say(_ text: String, _ terminal: Int32) {
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(terminal, $0.baseAddress, $0.count) }
    }
}
