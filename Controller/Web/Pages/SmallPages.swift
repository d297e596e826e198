/// The way in.
package struct SignInPage: Page {
    package static let template = "sign-in"
    package var frame: Frame
    /// What the form carries so that another site cannot sign its visitor in here.
    package var signInToken: String
    /// Where to go afterwards; a path of this site.
    package var next: String
    package var typedName: String
    package var refusal: Refusal?

    package init(frame: Frame, signInToken: String, next: String, typedName: String = "", refusal: Refusal? = nil) {
        self.frame = frame
        self.signInToken = signInToken
        self.next = next
        self.typedName = typedName
        self.refusal = refusal
    }

    /// Why not.
    package struct Refusal: Sendable {
        package var message: String
        package var remedy: String

        package init(message: String, remedy: String) {
            self.message = message
            self.remedy = remedy
        }
    }
}

/// What went wrong, and what to do.
package struct FaultPage: Page {
    package static let template = "fault"
    package var frame: Frame
    /// As `404 Not Found`.
    package var status: String
    package var heading: String
    package var message: String
    package var remedy: String?
    /// The error's stable code.
    package var code: String?
    package var back: Link

    package init(
        frame: Frame, status: String, heading: String, message: String, remedy: String? = nil, code: String? = nil,
        back: Link
    ) {
        self.frame = frame
        self.status = status
        self.heading = heading
        self.message = message
        self.remedy = remedy
        self.code = code
        self.back = back
    }
}

/// A way to another page.
package struct Link: Sendable, Hashable {
    package var path: String
    package var label: String

    package init(path: String, label: String) {
        self.path = path
        self.label = label
    }
}

/// A name and what it stands for.
package struct Fact: Sendable, Hashable {
    package var label: String
    package var value: String

    package init(_ label: String, _ value: String) {
        self.label = label
        self.value = value
    }
}

/// One entry of a list to choose from.
package struct Choice: Sendable, Hashable {
    package var key: String
    package var word: String
    package var chosen: Bool

    package init(key: String, word: String, chosen: Bool) {
        self.key = key
        self.word = word
        self.chosen = chosen
    }
}
