package import CordonModel
internal import FoundationEssentials
internal import SwiftProtobuf

extension Cordon_V1_HuntQuestion {
    /// The question as one host is asked it.
    package init(_ question: HuntQuestion, of hunt: HuntID, budget: HuntBudget, expiresAt: Timestamp) {
        self.init()
        huntID = hunt.data
        kind = .init(question.kind)
        parameters = question.parameters
        expiresAtUs = expiresAt.microseconds
        rows = UInt32(clamping: budget.rows)
        bytes = UInt32(clamping: budget.bytes)
        timeMs = UInt32(clamping: budget.time.milliseconds)
        cpuPercent = UInt32(clamping: budget.cpuPercent)
    }

    /// The hunt; `nil` when it is not named.
    package var id: HuntID? { HuntID(bytes: huntID) }

    /// The question; `nil` for a kind that is not known here, or when it is not one that may be asked.
    package var question: HuntQuestion? {
        guard let kind = kind.model, parameters.count <= HuntQuestion.mostParameters else { return nil }
        let question = HuntQuestion(kind: kind, parameters: parameters)
        return question.fault == nil ? question : nil
    }

    /// What answering may cost; within what any agent allows.
    package var budget: HuntBudget {
        HuntBudget(
            rows: Int(rows), bytes: Int(bytes), time: .milliseconds(Int64(timeMs)), cpuPercent: Int(cpuPercent))
    }
}

extension Cordon_V1_HuntQuestion.Kind {
    fileprivate init(_ kind: HuntKind) {
        self =
            switch kind {
            case .process: .process
            case .socket: .socket
            case .user: .user
            case .file: .file
            case .package: .package
            case .persistence: .persistence
            case .journal: .journal
            }
    }

    fileprivate var model: HuntKind? {
        switch self {
        case .process: .process
        case .socket: .socket
        case .user: .user
        case .file: .file
        case .package: .package
        case .persistence: .persistence
        case .journal: .journal
        case .unspecified, .UNRECOGNIZED: nil
        }
    }
}

extension Cordon_V1_HuntAnswer {
    /// Part of an answer, or its end.
    package init(
        of hunt: HuntID, firstRow: Int, rows: [[String: String]], end state: HuntHostState? = nil, message: String = ""
    ) {
        self.init()
        huntID = hunt.data
        self.firstRow = UInt32(clamping: firstRow)
        self.rows = rows.map { values in .with { $0.values = values } }
        self.message = message
        end =
            switch state {
            case .done: .done
            case .truncated: .truncated
            case .failed: .failed
            case .unsupported: .unsupported
            case .cancelled: .cancelled
            case .waiting, .asked, .expired, nil: .unspecified
            }
    }

    /// The hunt; `nil` when it is not named.
    package var id: HuntID? { HuntID(bytes: huntID) }

    /// How it ended; `nil` while it goes on.
    package var state: HuntHostState? {
        switch end {
        case .done: .done
        case .truncated: .truncated
        case .failed: .failed
        case .unsupported: .unsupported
        case .cancelled: .cancelled
        case .unspecified, .UNRECOGNIZED: nil
        }
    }
}
