internal import ArgumentParser
internal import Glibc

/// The host's syslog daemon: takes what programs send to `/dev/log` by syslog(3) and writes the lines of the authentication
/// facilities to a file, as rsyslog's traditional format does (RFC 3164 §4.1): `Nov 21 02:40:11 web sshd[4242]: Failed …`.
struct Syslog: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument var socketPath: String
    @Argument var file: String
    @Argument var hostname: String

    func run() throws {
        unsafe unlink(socketPath)
        let receiver = try receiver()
        let output = unsafe open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw Sockets.Errno() }
        print("ready")
        fflush(nil)
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = unsafe recv(receiver, &buffer, buffer.count, 0)
            guard count > 0, let line = line(of: buffer.prefix(count)) else { continue }
            unsafe _ = write(output, line, line.count)
        }
    }

    private func receiver() throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: Array(socketPath.utf8.prefix(107)))
        }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw Sockets.Errno() }
        unsafe chmod(socketPath, 0o666)
        return descriptor
    }

    /// `<38>Nov 21 02:40:11 sshd[4242]: text` with the host's name put in; `nil` for other facilities than auth and authpriv.
    private func line(of message: ArraySlice<UInt8>) -> [UInt8]? {
        guard message.first == UInt8(ascii: "<"), let end = message.firstIndex(of: UInt8(ascii: ">")),
            let priority = Int(String(decoding: message[1..<end], as: UTF8.self)), [4, 10].contains(priority >> 3)
        else { return nil }
        var text = message[(end + 1)...].filter { $0 >= 0x20 }
        guard text.count > 16 else { return nil }
        text.insert(contentsOf: Array("\(hostname) ".utf8), at: 16)
        return text + [UInt8(ascii: "\n")]
    }
}
