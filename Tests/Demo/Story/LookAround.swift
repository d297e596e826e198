internal import CLinux
internal import CordonTesting
internal import Glibc

/// CLOCK_REALTIME in microseconds.
func clockMicroseconds() -> Int64 { clinux_realtime_us() }

/// The lab after the story: where to look, until Enter.
struct LookAround {
    private let stage: Stage
    private let teller: Teller

    private let caseName: String

    init(_ stage: Stage, _ teller: Teller, caseName: String) {
        self.stage = stage
        self.teller = teller
        self.caseName = caseName
    }

    func wait() throws {
        let (listener, port) = try listener()
        let (lab, binaries) = (stage.lab, stage.binaries)
        let relay = try lab.daemon(
            [binaries["cordon-demo"], "relay", "3", Lab.Space.controller.ipv4, "\(LabController.peoplePort)"],
            in: .controller,
            environment: binaries.environment, log: "\(lab.scratch.path)/relay.log", handing: listener)
        close(listener)
        let cordon = "\(binaries.folder)/cordon"
        let certificate = try lab.scratch.file(
            "authority.pem", try lab.command(["cat", stage.controller.authority]).must())
        teller.print(
            """

            The lab is still there. Look around:

              Console   https://127.0.0.1:\(port)   as \(LabController.administrator), password “\(LabController.password)”
                        (the certificate is the fleet's own: \(certificate))
              CLI       export XDG_CONFIG_HOME=/tmp/cordon-demo-session   # leaves your own sign-in alone
                        \(cordon) login https://127.0.0.1:\(port) --user \(LabController.administrator) --ca-file \(certificate)
                        \(cordon) hosts
                        \(cordon) case show \(caseName)
              On web    \(lab.entry(to: .web)) sh
              Attacker  \(lab.entry(to: .attacker)) sh
              Logs      \(stage.web.folder)/log

            """)
        _ = teller.ask("Press Enter to clean up.")
        relay.kill()
    }

    /// A listening socket on the machine's loopback: 8443, or any port when that is taken.
    private func listener() throws -> (Int32, UInt16) {
        let listener =
            switch Sockets.listen("127.0.0.1", "8443") {
            case .success(let descriptor): descriptor
            case .failure: try Sockets.listen("127.0.0.1", "0").get()
            }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe _ = getsockname(listener, $0, &length)
            }
        }
        return (listener, UInt16(bigEndian: address.sin_port))
    }
}
