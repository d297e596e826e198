internal import CordonModel
internal import GRDB

/// What can go wrong with the database.
package struct StoreError: ActionableError {
    package let code: String
    package let message: String
    package let remedy: String

    package init(code: String, message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}

extension StoreError {
    /// Why the folder could not be opened, as a person would want to hear it.
    init(opening folder: String, cause: any Error) {
        self = Self.wrap(cause) as? StoreError ?? StoreError(code: "store.open", message: "\(folder) could not be opened: \(cause).")
    }

    /// The error as one of ours; ours pass through.
    static func wrap(_ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        return StoreError(code: "store.sqlite", message: "The database answered: \(error.message ?? "no reason given").")
    }
}
