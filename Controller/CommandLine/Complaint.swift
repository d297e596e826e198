/// How the program ends; part of its face (`cordon --help`).
enum Exit: Int32, Sendable {
    case done = 0
    case failed = 1
    case usage = 2
    case notSignedIn = 3
    case unreachable = 4
    case notFound = 5
}

/// Why a verb ends without having done its work: one sentence on what is wrong, one on what to do.
struct Complaint: Error, CustomStringConvertible {
    let exit: Exit
    let message: String
    let remedy: String

    init(_ exit: Exit, _ message: String, _ remedy: String = "") {
        self.exit = exit
        self.message = message
        self.remedy = remedy
    }

    var description: String { remedy.isEmpty ? message : "\(message) \(remedy)" }
}
