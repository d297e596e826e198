/// Packs of Sigma rules, and which hosts run which.
package struct RulesPage: Page {
    package static let template = "rules"
    package var frame: Frame
    package var packs: [PackRow]
    package var stagings: [StagingLine] = []
    package var running: [RunningLine] = []
    package var refusals: [RefusalLine] = []
    package var history: [HistoryLine] = []
    package var assetGroups: [Fact] = []
    /// `nil` for who may not stage.
    package var stage: StageForm?

    package init(frame: Frame, packs: [PackRow]) {
        self.frame = frame
        self.packs = packs
    }

    /// One pack.
    package struct PackRow: Sendable {
        package var version: String
        package var packName: String
        package var contents: String
        package var published: Moment
        package var by: String

        package init(version: String, packName: String, contents: String, published: Moment, by: String) {
            self.version = version
            self.packName = packName
            self.contents = contents
            self.published = published
            self.by = by
        }
    }

    /// What a group of hosts should run.
    package struct StagingLine: Sendable {
        package var whom: String
        package var version: String
        /// `nil` for who may not.
        package var rollBack: RollBack?
        /// The form that has the group follow all others; `nil` for who may not, and for all others themselves.
        package var unstage: RollBack?

        package init(whom: String, version: String, rollBack: RollBack?, unstage: RollBack? = nil) {
            self.whom = whom
            self.version = version
            self.rollBack = rollBack
            self.unstage = unstage
        }
    }

    /// The form that goes back to the staging before.
    package struct RollBack: Sendable {
        package var token: String
        package var group: String

        package init(token: String, group: String) {
            self.token = token
            self.group = group
        }
    }

    /// How many hosts say that they run a version.
    package struct RunningLine: Sendable {
        package var version: String
        package var hosts: String

        package init(version: String, hosts: String) {
            self.version = version
            self.hosts = hosts
        }
    }

    /// A host that does not run what was offered.
    package struct RefusalLine: Sendable {
        package var hostID: String
        package var hostName: String
        package var why: String

        package init(hostID: String, hostName: String, why: String) {
            self.hostID = hostID
            self.hostName = hostName
            self.why = why
        }
    }

    /// One staging of the past.
    package struct HistoryLine: Sendable {
        package var at: Moment
        package var whom: String
        /// `3 → 2, back`
        package var step: String
        package var by: String

        package init(at: Moment, whom: String, step: String, by: String) {
            self.at = at
            self.whom = whom
            self.step = step
            self.by = by
        }
    }

    /// The form that stages a pack.
    package struct StageForm: Sendable {
        package var token: String
        package var versions: [Choice]

        package init(token: String, versions: [Choice]) {
            self.token = token
            self.versions = versions
        }
    }
}
