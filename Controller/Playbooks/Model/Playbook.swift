/// A CACAO 2.0 playbook.
package struct Playbook: Sendable {
    /// `playbook--UUID`.
    package var id: String
    package var name: String
}
