internal import AsyncHTTPClient
internal import CordonModel
internal import CordonTrust
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Whom the CLI believes to be the controller.
enum Trust {
    /// TLS 1.3, the pinned authority alone where there is one, no redirects, and patience with limits.
    static func configuration(_ settings: Settings) throws -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        if let authority = settings.authority {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
            } catch {
                throw Complaint(
                    .usage, "The authority's certificate is not PEM.",
                    "Give the file that `cordon-controller init` wrote.")
            }
        }
        return configuration(tls)
    }

    private static func configuration(_ tls: TLSConfiguration) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(10), read: .seconds(60)),
            decompression: .disabled
        )
        // Who types wants to know at once that nobody listens, or that the certificate is wrong.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// The authority's certificate, asked of the controller itself and believed because its fingerprint is the given one.
    ///
    /// The connection it comes over proves nothing, so nothing else is sent or believed on it.
    static func authority(of url: String, fingerprint: Fingerprint) async throws -> String {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        tls.certificateVerification = .none
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration(tls))
        let answer: Result<ByteBuffer, any Error>
        do {
            let response = try await http.execute(
                HTTPClientRequest(url: url + "/api/v1/authority.pem"), timeout: .seconds(15))
            answer = .success(try await response.body.collect(upTo: 1 << 16))
        } catch { answer = .failure(error) }
        try? await http.shutdown()
        do {
            let pem = String(buffer: try answer.get())
            guard try TrustAnchor(pem: pem).fingerprint == fingerprint else { throw wrongFingerprint(url) }
            return pem
        } catch is TrustError {
            throw Complaint(
                .unreachable, "\(url) does not say which authority it has.", "Check the address, or give --ca-file.")
        } catch let error as Complaint {
            throw error
        } catch {
            throw complaint(error, url)
        }
    }

    private static func wrongFingerprint(_ url: String) -> Complaint {
        Complaint(
            .unreachable, "What answers at \(url) has another authority than the fingerprint says.",
            "Compare the fingerprint with what `cordon-controller init` printed; if it is right, somebody is in between."
        )
    }

    /// Why there is no answer, in a sentence.
    static func complaint(_ error: any Error, _ url: String) -> Complaint {
        let text = "\(error)"
        if text.contains("failedToValidateHostname") {
            return Complaint(
                .unreachable, "The certificate of what answers at \(url) is for other addresses.",
                "Sign in by an address that was given to `cordon-controller init --address`, or by localhost."
            )
        }
        if text.contains("Connection refused") {
            return Complaint(
                .unreachable, "Nothing listens at \(url) (connection refused).",
                "Check the address and the port, and that the controller runs: `people` of [listen] says where it listens."
            )
        }
        if error is NIOSSLError || error is NIOSSLExtraError || text.contains("CERTIFICATE_VERIFY_FAILED")
            || text.contains("handshake")
        {
            // The library's words for the usual reason are places in its sources.
            let why =
                text.contains("CERTIFICATE_VERIFY_FAILED") ? "its certificate is not trusted" : "\(text.prefix(200))"
            return Complaint(
                .unreachable, "What answers at \(url) cannot prove that it is the controller (\(why)).",
                "Sign in with --ca-file or --fingerprint of the fleet's authority."
            )
        }
        if text.contains("imeout") || text.contains("deadlineExceeded") {
            return Complaint(
                .unreachable, "\(url) did not answer in time.", "Check the address, the network and the controller.")
        }
        return Complaint(
            .unreachable, "\(url) cannot be reached (\(text.prefix(200))).",
            "Check the address, the network and the controller."
        )
    }
}
