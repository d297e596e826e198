extension TrustError {
    static func malformedCertificate(_ why: String) -> TrustError {
        TrustError(
            code: "trust.malformed_certificate",
            message: "The certificate cannot be read: \(why).",
            remedy: "Enrol again, or restore the file from its backup."
        )
    }

    static func wrongCertificate(_ why: String) -> TrustError {
        TrustError(
            code: "trust.wrong_certificate",
            message: "The certificate is not one to trust here: \(why).",
            remedy: "Compare the fleet and the fingerprint of the certificate authority on both sides."
        )
    }

    static func expiredCertificate(_ when: String) -> TrustError {
        TrustError(
            code: "trust.expired_certificate",
            message: "The certificate is not valid now: \(when).",
            remedy: "Check the clock of this host; an agent whose certificate has ended must be enrolled again."
        )
    }

    static func malformedRequest(_ why: String) -> TrustError {
        TrustError(code: "trust.malformed_request", message: "The certificate request is refused: \(why).")
    }

    static func malformedToken(_ why: String) -> TrustError {
        TrustError(
            code: "token.malformed",
            message: "The enrolment token cannot be used: \(why).",
            remedy: "Copy the whole token, or make a new one with `cordon token create`."
        )
    }

    static func badFleetName(_ name: String) -> TrustError {
        TrustError(
            code: "trust.fleet_name",
            message: "The fleet's name \"\(name.prefix(80))\" is not allowed.",
            remedy: "Use 1 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends."
        )
    }

    static func file(_ path: String, _ code: String, _ why: String, _ remedy: String) -> TrustError {
        TrustError(code: "trust.file_\(code)", message: "\(path): \(why).", remedy: remedy)
    }
}
