package import CordonModel

/// One line of what a run does, for a case's timeline.
package struct TimelineLine: Sendable, Hashable {
    package var at: Timestamp
    /// `run.started`, `run.finished`, `step.failed`, `task.opened`, `task.decided`, `order.asked`, …
    package var kind: String
    /// For people. May hold hostile text: escape it where it is shown.
    package var text: String
    /// `playbook:RUN`, or the person who answered.
    package var actor: String
}
