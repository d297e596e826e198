internal import CordonModel
internal import Glibc

/// What can go wrong while a host is contained.
package struct EnforceError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String
    /// The system's number of it (errno(3)), where it was a system call that failed.
    package private(set) var number: Int32?

    package init(_ code: String, _ message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// A failed system call: what was tried, and the error number.
    static func system(_ code: String, _ what: String, _ number: Int32, remedy: String = "") -> EnforceError {
        var error = EnforceError(code, "\(what): \(errorText(number)).", remedy: remedy)
        error.number = number
        return error
    }
}

/// The C library's words for an error number.
func errorText(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
