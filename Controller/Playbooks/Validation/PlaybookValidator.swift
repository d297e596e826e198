internal import CordonScan

/// Says whether bytes are a CACAO 2.0 playbook, what is wrong with them, and where.
///
/// Two levels, because strictness would refuse almost everything in circulation: a *fault* is what the official
/// schemas demand, and what leaves open what the playbook means; a *warning* is a deviation that is kept and
/// understood. Warnings that leave no safe way to run the playbook (a cycle, an agent that is not defined, a kind of
/// step or command that this version does not run) say so: the playbook can be kept, shown and exported, and starting
/// it is refused.
package enum PlaybookValidator {
    /// Never throws: unreadable bytes are a fault.
    package static func validate(_ bytes: [UInt8]) -> ValidationReport {
        let limits = JSONValue.Limits(depth: Playbook.Limits.depth, bytes: Playbook.Limits.bytes, nodes: 400_000)
        let document: JSONValue
        do {
            document = try JSONValue.parse(bytes, limits: limits)
        } catch {
            return unreadable(error.code, "This is no JSON text that can be read: \(error.message)")
        }
        guard document.object != nil else {
            return unreadable("document.kind", "A playbook must be a JSON object, not \(document.kindName).")
        }
        return validate(document)
    }

    /// Checks a document that is read already.
    static func validate(_ document: JSONValue) -> ValidationReport {
        var check = PlaybookCheck(document: document)
        check.run()
        return ValidationReport(playbook: check.playbook, faults: check.faults, warnings: check.warnings)
    }

    private static func unreadable(_ code: String, _ message: String) -> ValidationReport {
        ValidationReport(playbook: nil, faults: [Finding(code: code, pointer: "", message: message)], warnings: [])
    }
}

/// One validation under way: collects findings. The checks stand in extensions, a file a topic.
struct PlaybookCheck {
    let document: JSONValue
    let playbook: Playbook
    private(set) var faults: [Finding] = []
    private(set) var warnings: [Finding] = []

    /// Findings that are listed; a document with more is told so by the last one.
    private static let most = 500

    init(document: JSONValue) {
        self.document = document
        playbook = Playbook(document: document)
    }

    mutating func run() {
        checkMembers(document, PlaybookSchema.playbook, at: [], what: "playbook")
        checkUnknownMembers()
        checkTimes()
        checkVariables(document["playbook_variables"], at: ["playbook_variables"])
        checkParties()
        checkExtensions()
        checkSteps()
        checkFlow()
    }

    mutating func fault(_ code: String, _ tokens: [String], _ message: String) {
        guard faults.count < Self.most else { return }
        faults.append(Finding(code: code, pointer: JSONPointer(tokens).description, message: message))
    }

    mutating func warn(_ code: String, _ tokens: [String], _ message: String, preventsStart: Bool = false) {
        guard warnings.count < Self.most else { return }
        warnings.append(
            Finding(
                code: code, pointer: JSONPointer(tokens).description, message: message, preventsStart: preventsStart))
    }
}
