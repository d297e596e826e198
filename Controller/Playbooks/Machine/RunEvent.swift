package import CordonModel

/// One thing that happened to a run. The history of a run is its events; everything else follows from them.
package enum RunEvent: Sendable, Hashable, Codable {
    /// The first event of every run. Inputs are values of external variables.
    case started(inputs: [String: String], caseID: CaseID?, by: String)
    /// A host reference was resolved.
    case hostFound(effect: EffectID, agent: AgentID)
    /// An HTTP server answered.
    case answered(effect: EffectID, reply: HTTPReply)
    /// A host was not found, or an HTTP call got no answer.
    case effectFailed(effect: EffectID, message: String)
    /// An order came to its end, or could not be filed.
    case orderFinished(order: OrderID, state: OrderState, message: String)
    case decided(task: TaskID, decision: TaskDecision, by: String, reason: String)
    /// A time that the machine asked for has come.
    case timerFired(timer: Int)
    case cancelled(by: String, reason: String)
}

/// An event with the instant and the randomness that came with it: all that a replay needs.
package struct RecordedEvent: Sendable, Hashable, Codable {
    /// Microseconds since the epoch; not text, which would be cut to milliseconds and replay differently.
    package var microseconds: Int64
    /// Seed of the identifiers that the machine makes while it handles this event.
    package var seed: UInt64
    package var event: RunEvent

    package init(at instant: Timestamp, seed: UInt64, event: RunEvent) {
        microseconds = instant.microseconds
        self.seed = seed
        self.event = event
    }

    package var at: Timestamp { Timestamp(microseconds: microseconds) }
}

/// What a run asks for in answer to an event.
package enum RunCommand: Sendable, Hashable {
    /// Find the agent; answered by `hostFound` or `effectFailed`.
    case find(EffectID, HostReference)
    /// File the order; answered by `orderFinished`.
    case submit(OrderEffect)
    /// Call; answered by `answered` or `effectFailed`.
    case call(HTTPEffect)
    /// The task is new or has changed.
    case task(ManualTask)
    /// Wake the run then, by `timerFired`.
    case wake(timer: Int, at: Timestamp)
    /// A line for the timeline.
    case note(TimelineLine)
}

/// SplitMix64 (Steele, Lea, Flood 2014): a seed gives always the same numbers, so that a replay makes the same
/// identifiers.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
