package import CordonModel

/// What a host may do by itself when a detection rule fires while its controller cannot be reached.
///
/// The action is of a closed kind and its target one of the event's fields, chosen from a closed set: no text of a log is
/// ever put into anything but that field.
package struct StandingOrder: Sendable, Hashable {
    package var id: StandingID
    /// The rule's identifier, as a Sigma rule's UUID.
    package var rule: String
    package var kind: ActionKind
    package var subject: StandingSubject
    /// How long what is done lasts.
    package var duration: Duration
    /// Not carried out afterwards.
    package var expiresAt: Timestamp
    package var requestedBy: String
    /// Why, for people.
    package var reason: String

    /// Standing orders of one host.
    package static let most = 32
    /// Which subjects a kind may have; a kind that is not here is none for standing orders.
    package static let subjects: [ActionKind: [StandingSubject]] = [
        .isolate: [.host], .blockAddress: [.sourceAddress, .destinationAddress], .lockAccount: [.user],
    ]

    package init(
        id: StandingID, rule: String, kind: ActionKind, subject: StandingSubject, duration: Duration,
        expiresAt: Timestamp, requestedBy: String, reason: String
    ) {
        self.id = id
        self.rule = rule
        self.kind = kind
        self.subject = subject
        self.duration = duration
        self.expiresAt = expiresAt
        self.requestedBy = requestedBy
        self.reason = reason
    }

    /// What is wrong with it, as the end of a sentence; `nil` for a good one.
    package var fault: String? {
        if !(1...200).contains(rule.utf8.count) { return "its rule is empty or too long" }
        if Self.subjects[kind]?.contains(subject) != true {
            return "\(kind.rawValue) is not done to \(subject.rawValue)"
        }
        if !(1...Parameter.longestDuration).contains(duration.wholeSeconds) { return "its duration is out of bounds" }
        if requestedBy.utf8.count > 255 || reason.utf8.count > 1000 { return "who asked and why are too long" }
        return nil
    }

    /// The action, by what the event names; `nil` where it does not name what the order is about.
    package func action(for event: StandingEvent) -> Action? {
        var parameters: [String: FieldValue] = ["duration_s": .number(duration.wholeSeconds)]
        switch subject {
        case .host: break
        case .sourceAddress:
            guard let address = event.source else { return nil }
            parameters["network"] = .text("\(address)")
        case .destinationAddress:
            guard let address = event.destination else { return nil }
            parameters["network"] = .text("\(address)")
        case .user:
            guard let user = event.user else { return nil }
            parameters["user"] = .text(user)
        }
        return try? Action(kind: kind.rawValue, parameters: parameters)
    }
}

/// What a standing order is done to.
package enum StandingSubject: String, Sendable, Hashable, CaseIterable {
    case host
    case sourceAddress = "source.ip"
    case destinationAddress = "destination.ip"
    case user = "user.name"
}

/// What the event of a rule that fired names.
package struct StandingEvent: Sendable, Hashable {
    package var source: IPAddress?
    package var destination: IPAddress?
    package var user: String?

    package init(source: IPAddress? = nil, destination: IPAddress? = nil, user: String? = nil) {
        self.source = source
        self.destination = destination
        self.user = user
    }
}
