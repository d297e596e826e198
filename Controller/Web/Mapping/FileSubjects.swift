internal import ControllerCases
internal import ControllerFleet
internal import ControllerIntake
internal import CordonModel

/// A file or program that an alert or a case names, by path or by what it holds, and the forms of a host for it.
enum FileSubject: Hashable {
    case path(String)
    /// SHA-256, 64 lower-case hexadecimal digits.
    case digest(String)

    /// What the observable names; `nil` for one of another kind, and for a process that is known by its name alone.
    init?(_ observable: Observable) {
        guard observable.kind == .file || observable.kind == .process else { return nil }
        self.init(observable.value)
    }

    /// An absolute path, or SHA-256; `nil` for anything else.
    init?(_ text: String) {
        if text.utf8.first == UInt8(ascii: "/"), text.utf8.count <= 1024, !text.utf8.contains(0) {
            self = .path(text)
        } else if text.utf8.count == 64, HexDigit.bytes(text) != nil {
            self = .digest(text.lowercased())
        } else {
            return nil
        }
    }

    /// Whether a form brings it as it is. A link to a form that loses a blank at a path's end would be one to another file.
    var fitsForm: Bool {
        switch self {
        case .path(let path): FormBody.keeps(path)
        case .digest: true
        }
    }

    /// The host's page with the form for it filled in; for one that fits.
    func form(_ form: String, of host: AgentID) -> String {
        switch self {
        case .path(let path): QueryText.path("/hosts/\(host)", [("path", path)]) + "#form-\(form)"
        case .digest(let digest): QueryText.path("/hosts/\(host)", [("sha256", digest)]) + "#form-\(form)"
        }
    }
}

extension FileSubject {
    /// Of an alert: what it is about, and what the lines that it stands on say that ran or was written.
    static func named(by alert: Alert) -> [FileSubject] {
        let digests = alert.evidence.flatMap { event in
            [ECSField.processHashSHA256, .fileHashSHA256].compactMap { event.text($0) }
        }
        return unique(alert.observables.compactMap { FileSubject($0) } + digests.compactMap { FileSubject($0) })
    }

    /// Of a case.
    static func named(by file: Case) -> [FileSubject] {
        unique(file.observables.compactMap { FileSubject($0.observable) })
    }

    /// Each once, in order, and not more than fit a page.
    private static func unique(_ subjects: [FileSubject]) -> [FileSubject] {
        var seen: Set<FileSubject> = []
        return Array(subjects.filter { seen.insert($0).inserted }.prefix(10))
    }
}

extension CasePage.Containing {
    /// Ways to contain the subject on a host; a file cannot be quarantined by what it holds alone.
    init(_ subject: FileSubject, on host: HostRecord) {
        switch subject {
        case .path(let path) where !subject.fitsForm:
            self.init(
                containable: path, containedHost: host.name, quarantine: nil, keep: nil,
                whyNoForm: "Its name has a blank at an end or a control character, which a form would lose: "
                    + "order it with cordon act \(host.name) quarantine_file path=…, the path in quotes.")
        case .path(let path):
            self.init(
                containable: path, containedHost: host.name, quarantine: subject.form("quarantine", of: host.id),
                keep: subject.form("executable", of: host.id))
        case .digest(let digest):
            self.init(
                containable: "SHA-256 \(digest)", containedHost: host.name, quarantine: nil,
                keep: subject.form("executable", of: host.id))
        }
    }

    /// For each subject and host; none for who may not order, and of hosts that take no orders.
    static func all(_ subjects: [FileSubject], on hosts: [HostRecord], for reader: Reader) -> [CasePage.Containing] {
        guard reader.may(.responder) else { return [] }
        let able = hosts.filter { $0.revocation == nil }.prefix(5)
        return subjects.flatMap { subject in able.map { CasePage.Containing(subject, on: $0) } }
    }
}
