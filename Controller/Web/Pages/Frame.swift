/// What every page shows around its content.
package struct Frame: Sendable {
    /// The document's title, and what a screen reader says first.
    package var title: String
    /// The fleet's name; `nil` before sign-in, when it is nobody's business.
    package var fleet: String?
    /// Who is signed in; `nil` before sign-in.
    package var person: Person?
    package var notice: Notice?
    /// When the page was made.
    package var rendered: Moment

    package init(title: String, fleet: String? = nil, person: Person? = nil, notice: Notice? = nil, rendered: Moment) {
        self.title = title
        self.fleet = fleet
        self.person = person
        self.notice = notice
        self.rendered = rendered
    }

    /// Who is signed in, and the way around.
    package struct Person: Sendable {
        package var name: String
        package var role: String
        /// What every form carries; see `Credential.formToken`.
        package var token: String
        /// How many decisions wait; `nil` for none.
        package var waiting: String?
        package var onNow: Bool
        package var onCases: Bool
        package var onHosts: Bool
        package var onSearch: Bool
        package var onHunts: Bool
        package var onRules: Bool
        package var onUpgrades: Bool
        package var onStanding: Bool
        /// Whether hunts are shown to them.
        package var seesHunts: Bool

        package init(
            name: String, role: String, token: String, waiting: Int = 0, place: Place? = nil, seesHunts: Bool = true
        ) {
            self.name = name
            self.role = role
            self.token = token
            self.waiting = waiting > 0 ? "\(waiting)" : nil
            onNow = place == .now
            onCases = place == .cases
            onHosts = place == .hosts
            onSearch = place == .search
            onHunts = place == .hunts
            onRules = place == .rules
            onUpgrades = place == .upgrades
            onStanding = place == .standing
            self.seesHunts = seesHunts
        }
    }

    /// The parts of the console.
    package enum Place: Sendable {
        case now
        case cases
        case hosts
        case search
        case hunts
        case rules
        case upgrades
        case standing
    }
}

/// What the last form did: one of a closed list, named in the address that the browser is sent to after a form.
package struct Notice: Sendable, Hashable {
    package let mood: String
    package let word: String
    package let sentence: String

    /// The notice of that name; `nil` for any other text, so that an address cannot put words into a page.
    package init?(named name: String) {
        guard let notice = Self.all[name] else { return nil }
        self = notice
    }

    private init(_ word: String, _ sentence: String, mood: String = "good") {
        self.mood = mood
        self.word = word
        self.sentence = sentence
    }

    private static let all: [String: Notice] = [
        "approved": Notice("Approved.", "The playbook goes on."),
        "denied": Notice("Denied.", "The playbook goes on without it."),
        "noted": Notice("Noted.", "Your note is in the timeline."),
        "status": Notice("Set.", "The case has its new status."),
        "assigned": Notice("Yours.", "The case is assigned to you."),
        "signed": Notice("Signed.", "The order goes to its host again, which counts the people who have signed."),
        "ordered": Notice("Ordered.", "The order is signed and on its way; its answer will stand under Orders."),
        "hunting": Notice("Asked.", "What hosts find stands below as it comes."),
        "hunt-ended": Notice("Ended.", "What was found stays."),
        "staged": Notice("Staged.", "Hosts that are there fetch the pack now, others when they come."),
        "unstaged": Notice("Taken back.", "The group's hosts run what all other hosts run."),
        "rolled-back": Notice("Rolled back.", "Hosts go back to what they ran before."),
        "upgrading": Notice("Started.", "Hosts of the first ring are offered the release as they are there."),
        "upgrade-pause": Notice("Held.", "No further host takes the release; those at it go on."),
        "upgrade-resume": Notice("Going on.", "Hosts are offered the release again."),
        "upgrade-cancel": Notice("Ended.", "Hosts that have the release keep it."),
        "withdrawn": Notice("Withdrawn.", "A host that is away goes by it until it comes, or until it is over."),
        "signed-out": Notice("Signed out.", "The session has ended on the controller as well."),
    ]
}
