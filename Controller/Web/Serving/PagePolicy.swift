internal import HTTPTypes

/// What browsers are told about pages.
package enum PagePolicy {
    /// Nothing but our own files, no script or style inside a page, no frame around it, no form that leaves.
    package static let contentSecurity = [
        "default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'", "img-src 'self'",
        "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
    ].joined(separator: "; ")

    /// The headers of every answer of the console.
    static func fields(isSecure: Bool) -> [(HTTPField.Name, String)] {
        var named = [
            ("Content-Security-Policy", contentSecurity),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
            ("Cache-Control", "no-store"),
        ]
        if isSecure { named.append(("Strict-Transport-Security", "max-age=31536000")) }
        return named.compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
    }
}
