/// The newest upgrade, ring by ring, and the releases that there are.
package struct UpgradesPage: Page {
    package static let template = "upgrades"
    package var frame: Frame
    /// `nil` when there never was one.
    package var upgrade: Upgrade?
    package var rings: [Ring] = []
    /// Those that need a look first.
    package var lines: [HostLine] = []
    /// How many more hosts there are.
    package var linesCut: String?
    package var releases: [ReleaseRow] = []
    /// What the reader may do to the upgrade.
    package var steps: [Step] = []
    /// `nil` for who may not start one, and while one is not over.
    package var start: Start?

    package init(frame: Frame) { self.frame = frame }

    /// The whole.
    package struct Upgrade: Sendable {
        package var version: String
        package var upgradeState: StateMark
        /// Why it was stopped.
        package var why: String?
        package var started: Moment
        package var by: String
        package var facts: [Fact]

        package init(
            version: String, upgradeState: StateMark, why: String?, started: Moment, by: String, facts: [Fact]
        ) {
            self.version = version
            self.upgradeState = upgradeState
            self.why = why
            self.started = started
            self.by = by
            self.facts = facts
        }
    }

    /// One ring of the row.
    package struct Ring: Sendable {
        package var place: String
        package var ringName: String
        package var ringState: StateMark
        /// Hosts in all, in words.
        package var size: String
        /// The parts of the bar, left to right.
        package var parts: [Part]
        package var counts: [Count]

        package init(
            place: String, ringName: String, ringState: StateMark, size: String, parts: [Part], counts: [Count]
        ) {
            self.place = place
            self.ringName = ringName
            self.ringState = ringState
            self.size = size
            self.parts = parts
            self.counts = counts
        }
    }

    /// Part of a ring's bar; the whole is 100 wide.
    package struct Part: Sendable {
        package var from: String
        package var width: String
        package var partMood: String

        package init(from: String, width: String, partMood: String) {
            self.from = from
            self.width = width
            self.partMood = partMood
        }
    }

    /// How many hosts of a ring are in a state.
    package struct Count: Sendable {
        package var hosts: String
        package var countState: StateMark

        package init(hosts: String, countState: StateMark) {
            self.hosts = hosts
            self.countState = countState
        }
    }

    /// One host.
    package struct HostLine: Sendable {
        package var hostID: String
        package var hostName: String
        package var inRing: String
        package var stage: StateMark
        package var detail: String

        package init(hostID: String, hostName: String, inRing: String, stage: StateMark, detail: String) {
            self.hostID = hostID
            self.hostName = hostName
            self.inRing = inRing
            self.stage = stage
            self.detail = detail
        }
    }

    /// One release.
    package struct ReleaseRow: Sendable {
        package var releaseName: String
        package var architecture: String
        package var packages: String
        package var whole: StateMark
        package var expires: Moment
        package var added: Moment
        package var addedBy: String

        package init(
            releaseName: String, architecture: String, packages: String, whole: StateMark, expires: Moment,
            added: Moment, addedBy: String
        ) {
            self.releaseName = releaseName
            self.architecture = architecture
            self.packages = packages
            self.whole = whole
            self.expires = expires
            self.added = added
            self.addedBy = addedBy
        }
    }

    /// A button.
    package struct Step: Sendable {
        package var step: String
        package var stepWord: String
        package var token: String

        package init(step: String, stepWord: String, token: String) {
            self.step = step
            self.stepWord = stepWord
            self.token = token
        }
    }

    /// The form that begins one.
    package struct Start: Sendable {
        package var token: String
        package var versions: [Choice]
        package var groups: String

        package init(token: String, versions: [Choice], groups: String) {
            self.token = token
            self.versions = versions
            self.groups = groups
        }
    }
}
