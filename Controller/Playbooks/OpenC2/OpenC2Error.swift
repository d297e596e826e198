/// Why an OpenC2 command is not carried out, as a consumer would answer it (OpenC2 Language 1.0 §3.2.4).
package struct OpenC2Error: Error, Hashable, Sendable {
    /// 400 for what is no command, 501 for a command that Cordon's agents do not do.
    package let status: Int
    /// `status_text`, for people.
    package let text: String

    static func bad(_ text: String) -> OpenC2Error { OpenC2Error(status: 400, text: text) }
    static func unsupported(_ text: String) -> OpenC2Error { OpenC2Error(status: 501, text: text) }
}
