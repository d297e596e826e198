internal import Mustache

/// Makes HTML of pages: the templates are in the binary, and everything that they insert goes through ``VisibleText``.
package struct PageRenderer: Sendable {
    private let library: MustacheLibrary

    /// Parses all templates.
    /// - Throws: a parser error naming nothing but the fault: a mistake of ours, found by the first test that renders.
    package init() throws {
        MustacheContentTypes.register(VisibleText(), named: VisibleText.name)
        var library = MustacheLibrary()
        for (name, bytes) in Self.templates {
            // A partial starts again with Mustache's own escaping, so each template states ours.
            let text = "{{% CONTENT_TYPE:\(VisibleText.name)}}" + String(decoding: bytes, as: UTF8.self)
            try library.register(text, named: name)
        }
        self.library = library
    }

    /// The page as an HTML document.
    package func html(_ page: some Page) -> String {
        library.render(page, withTemplate: type(of: page).template) ?? ""
    }

    /// The text of every template, by the name that partials use.
    static let templates: [String: [UInt8]] = [
        "layout": PackageResources.layout_mustache,
        "sign-in": PackageResources.sign_in_mustache,
        "fault": PackageResources.fault_mustache,
        "now": PackageResources.now_mustache,
        "cases": PackageResources.cases_mustache,
        "case": PackageResources.case_mustache,
        "hosts": PackageResources.hosts_mustache,
        "host": PackageResources.host_mustache,
        "search": PackageResources.search_mustache,
        "hunts": PackageResources.hunts_mustache,
        "hunt": PackageResources.hunt_mustache,
        "rules": PackageResources.rules_mustache,
        "standing": PackageResources.standing_mustache,
        "upgrades": PackageResources.upgrades_mustache,
        "passkeys": PackageResources.passkeys_mustache,
        "signing": PackageResources.signing_mustache,
        "moment": PackageResources.moment_mustache,
        "severity": PackageResources.severity_mustache,
        "state": PackageResources.state_mustache,
        "decision": PackageResources.decision_mustache,
        "case-row": PackageResources.case_row_mustache,
    ]
}

/// One page's content: a plain value whose stored properties are the names that its template inserts.
///
/// A name that is `nil` is looked for in what surrounds it, so a name means one thing in all pages.
package protocol Page: Sendable {
    /// The template's name.
    static var template: String { get }
    /// What surrounds the content.
    var frame: Frame { get }
}
