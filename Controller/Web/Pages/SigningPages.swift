/// An order that its host takes only with the signatures of several people, and the button that signs it.
package struct SigningPage: Page {
    package static let template = "signing"
    package var frame: Frame
    package var orderID: String
    /// `isolate for 4 h`
    package var what: String
    package var facts: [Fact]
    /// `nil` where there is nothing to sign, or no passkey to sign with.
    package var form: Form?
    /// Why there is no form.
    package var whyNotYou: String

    package init(frame: Frame, orderID: String, what: String, facts: [Fact], form: Form?, whyNotYou: String) {
        self.frame = frame
        self.orderID = orderID
        self.what = what
        self.facts = facts
        self.form = form
        self.whyNotYou = whyNotYou
    }

    /// What the script asks the browser for.
    package struct Form: Sendable {
        package var token: String
        /// What is signed, in base 64 for URLs.
        package var challenge: String
        /// `DOMAIN:CREDENTIAL` of those that may sign, a space between.
        package var passkeys: String

        package init(token: String, challenge: String, passkeys: String) {
            self.token = token
            self.challenge = challenge
            self.passkeys = passkeys
        }
    }
}

/// Who may approve, and a button that makes a passkey. Nothing is sent: the list is the policy root's.
package struct PasskeysPage: Page {
    package static let template = "passkeys"
    package var frame: Frame
    /// `DOMAIN:CREDENTIAL` of all that are listed, a space between: no key is to hold two.
    package var passkeys: String
    package var people: [ApproverLine]

    package init(frame: Frame, passkeys: String, people: [ApproverLine]) {
        self.frame = frame
        self.passkeys = passkeys
        self.people = people
    }

    /// One key of a person.
    package struct ApproverLine: Sendable {
        package var approver: String
        /// What approvals name it by, hex.
        package var keyName: String
        /// `passkey of cordon.example` or `key in a file`
        package var kind: String
        /// `nil` for as long as the list holds.
        package var until: Moment?

        package init(approver: String, keyName: String, kind: String, until: Moment?) {
            self.approver = approver
            self.keyName = keyName
            self.kind = kind
            self.until = until
        }
    }
}
