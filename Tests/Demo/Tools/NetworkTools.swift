internal import ArgumentParser
internal import Dispatch
internal import Glibc

/// Tries one TCP connection and prints `open` or why not. Exits with 0 when it was made.
struct Connect: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument var address: String
    @Argument var port: String
    @Option var patience: Int32 = 700

    func run() throws {
        switch Sockets.connect(address, port, patience: patience) {
        case .success: print("open")
        case .failure(let error):
            print(error)
            throw ExitCode(1)
        }
    }
}

/// Makes a TCP connection, prints `open`, waits for its end, and prints how it came.
struct Hold: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument var address: String
    @Argument var port: String

    func run() throws {
        let connection = try Sockets.connect(address, port, patience: 2000).get()
        print("open")
        fflush(nil)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            if count > 0 { continue }
            print(count == 0 ? "closed" : "\(Sockets.Errno())")
            return
        }
    }
}

/// Accepts TCP connections on ports, both families, and keeps them open.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument var ports: [String]

    func run() throws {
        for port in ports {
            // An IPv6 listener takes IPv4 too.
            let listener = try Sockets.listen("::", port).get()
            DispatchQueue(label: "serve.\(port)").async {
                while true { _ = accept(listener, nil, nil) }
            }
        }
        print("ready")
        fflush(nil)
        while true { pause() }
    }
}

/// Passes connections of a listening socket that it inherited, in another network than its own, on to an address.
///
/// So the console in the lab is seen at a loopback address of the machine, and nowhere else.
struct Relay: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument var listener: Int32
    @Argument var address: String
    @Argument var port: String

    func run() throws {
        _ = signal(SIGPIPE, SIG_IGN)
        while true {
            let visitor = accept(listener, nil, nil)
            guard visitor >= 0 else { continue }
            guard case .success(let server) = Sockets.connect(address, port, patience: 2000) else {
                close(visitor)
                continue
            }
            for (from, to) in [(visitor, server), (server, visitor)] {
                DispatchQueue(label: "relay").async { Self.copy(from, to) }
            }
        }
    }

    private static func copy(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(from, &buffer, buffer.count, 0)
            var done = 0
            while done < count {
                let sent = unsafe buffer[done..<count].withUnsafeBytes {
                    unsafe send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { break }
                done += sent
            }
            guard count > 0, done == count else { break }
        }
        // Both directions end together; the descriptors are few and short-lived.
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }
}
