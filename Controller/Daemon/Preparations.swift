internal import ControllerFleet
internal import CordonModel
internal import CordonTrust
internal import NIOCertificateReloading
internal import NIOSSL

/// What serving reads besides the database. `check` reads the same, so that it refuses what `serve` would.
struct Preparations: Sendable {
    let calls: HTTPCalls
    /// What tokens tell agents to dial.
    let agentAddress: ControllerAddress
    /// The controller's certificate, read anew each minute: connections made afterwards are shown the new one.
    let certificate: TimedCertificateReloader
    /// For people and their programs.
    let tls: TLSConfiguration

    /// - Throws: What says which file or setting cannot be served.
    init(keys: FleetKeys, settings: ControllerSettings) throws {
        calls = try HTTPCalls(allowed: settings.callable, authorities: settings.callAuthorities)
        agentAddress = try Self.announced(keys, settings)
        certificate = try .makeReloaderValidatingSources(
            refreshInterval: .seconds(60),
            certificateSource: .init(location: .file(path: keys.certificateFile), format: .pem),
            privateKeySource: .init(location: .file(path: keys.certificateKeyFile), format: .pem))
        tls = try Self.tls(keys, certificate)
    }

    private static func announced(_ keys: FleetKeys, _ settings: ControllerSettings) throws -> ControllerAddress {
        if let announced = settings.announced { return announced }
        let host = keys.description.addresses.first ?? "localhost"
        let text = host.contains(":") ? "[\(host)]:\(settings.agents.port)" : "\(host):\(settings.agents.port)"
        guard let address = ControllerAddress(text) else {
            throw ControllerError(
                "settings.agents_dial", "\(text) is no address that agents could dial.", remedy: "Set agents_dial.")
        }
        return address
    }

    private static func tls(_ keys: FleetKeys, _ certificate: TimedCertificateReloader) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(keys.certificateFile).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: keys.certificateKeyFile, format: .pem)))
        configuration.setCertificateReloader(certificate)
        configuration.minimumTLSVersion = .tlsv13
        return configuration
    }
}
