internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import CordonTrust

/// What the policy root signs; `Release` is the verb that ends an isolation.
private typealias SignedPackages = CordonOrders.Release

/// `cordon upgrade sign`
struct UpgradeSign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign the packages of a release with the policy root.",
        discussion: """
            Needs no controller and no network: the policy root's key stays on the administrator's machine. All packages are \
            of one version and one architecture.

            EXAMPLES
              cordon upgrade sign --root policy-root.key --fleet acme --out 0.2.0.release cordon-agent_0.2.0_amd64.deb cordon-enforcer_0.2.0_amd64.deb
            """
    )
    @Argument(help: "The .deb files.", completion: .file(extensions: ["deb"]))
    var packages: [String]
    @Option(help: ArgumentHelp("The policy root's private key.", valueName: "file"))
    var root: String
    @Option(help: "The fleet that it is for: no other takes it.")
    var fleet: String
    @Option(help: ArgumentHelp("Hosts do not install it afterwards.", valueName: "span"))
    var expires = Span(seconds: 90 * 86_400)
    @Option(help: ArgumentHelp("Where the release goes.", valueName: "file"))
    var out: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        do {
            let release = try release()
            let envelope = try ReleaseEnvelope(
                signing: try release.serialized(), with: try KeyFile.signingKey(at: root))
            try KeyFile.write(try envelope.serialized(), to: out, mode: 0o644)
            output.show(Self.json(release), Self.lines)
        } catch let error as any ActionableError {
            throw Complaint(.usage, Terminal.safe(error.message), Terminal.safe(error.remedy))
        }
    }

    private func release() throws -> SignedPackages {
        try FleetName.check(fleet)
        var versions: Set<String> = []
        var architectures: Set<String> = []
        let files = try packages.map { path in
            let deb = try DebFile(path)
            let fields = try deb.fields(["Package", "Version", "Architecture"])
            versions.insert(fields["Version"] ?? "")
            architectures.insert(fields["Architecture"] ?? "")
            return SignedPackages.File(package: fields["Package"] ?? "", size: deb.size, sha256: deb.sha256)
        }
        guard let version = versions.first, versions.count == 1, let architecture = architectures.first,
            architectures.count == 1
        else {
            throw Complaint(
                .usage, "The packages are not all of one version and one architecture.",
                "Sign a release for each architecture.")
        }
        let now = Timestamp(microseconds: WallClock.microseconds)
        let release = SignedPackages(
            fleet: fleet, version: version, architecture: architecture, createdAt: now,
            expiresAt: now + .seconds(expires.seconds), files: files)
        if let fault = release.fault { throw Complaint(.usage, Terminal.safe("That makes no release: \(fault).")) }
        return release
    }

    private static func json(_ release: SignedPackages) -> JSONValue {
        [
            "version": .text(release.version), "architecture": .text(release.architecture),
            "fleet": .text(release.fleet), "expires_at": .text("\(release.expiresAt)"),
            "packages": .array(
                release.files.map { file in
                    [
                        "package": .text(file.package), "size": .integer(file.size),
                        "sha256": .text(HexDigit.text(file.sha256)),
                    ]
                }),
        ]
    }

    private static func lines(_ release: JSONValue) -> [String] {
        ReleaseShow.packages(release)
            + [
                "Release \(release["version"]?.text ?? "") for \(release["architecture"]?.text ?? "") is signed for the fleet \(release["fleet"]?.text ?? "") until \(release["expires_at"]?.text.map(Shown.instant) ?? "")."
            ]
    }
}

/// `cordon upgrade add`
struct UpgradeAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Give a signed release and its packages to the controller.",
        discussion: """
            What the controller has already is not sent again: after a break, the same command goes on.

            EXAMPLES
              cordon upgrade add 0.2.0.release cordon-agent_0.2.0_amd64.deb cordon-enforcer_0.2.0_amd64.deb
            """
    )
    @Argument(help: "What `cordon upgrade sign` wrote.", completion: .file())
    var release: String
    @Argument(help: "The .deb files.", completion: .file(extensions: ["deb"]))
    var packages: [String] = []
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let signed = try File.bytes(release, limit: SignedPackages.mostSigned)
        let debs = try packages.map { try DebFile($0) }
        let added = try await Client.use { client in
            let path = "/api/v1/releases"
            let stock = try await client.send(.post, path, ["signed": .text(Base64URL.text(signed))])
            for package in stock["packages"]?.array ?? [] { try await Self.send(package, debs, client) }
            // Adding it again says how it stands now.
            return try await client.send(.post, path, ["signed": .text(Base64URL.text(signed))])
        }
        output.show(added) { release in
            ReleaseShow.packages(release)
                + [
                    "The controller has release \(Terminal.safe(release["version"]?.text ?? "")) for \(Terminal.safe(release["architecture"]?.text ?? ""))."
                ]
        }
    }

    private static func send(_ package: JSONValue, _ debs: [DebFile], _ client: Client) async throws {
        let (size, sum) = (package["size"]?.integer ?? 0, package["sha256"]?.text ?? "")
        var arrived = package["arrived"]?.integer ?? 0
        guard arrived < size else { return }
        guard let deb = debs.first(where: { HexDigit.text($0.sha256) == sum }) else {
            throw Complaint(
                .usage,
                Terminal.safe("None of the files is the \(package["package"]?.text ?? "") that was signed (\(sum))."),
                "Name the .deb files that the release was signed with.")
        }
        while arrived < size {
            let answer = try await client.send(
                bytes: try deb.bytes(at: arrived), to: "/api/v1/releases/packages/\(sum)",
                [("offset", "\(arrived)")])
            let now = answer["arrived"]?.integer ?? 0
            // Another hand may send it too; whoever sends it, it grows.
            guard now > arrived else { throw Complaint(.failed, "The controller does not take \(deb.path).") }
            arrived = now
        }
    }
}

/// `cordon upgrade releases`
struct UpgradeReleases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "releases", abstract: "List the releases that the controller has.",
        discussion: "EXAMPLES\n  cordon upgrade releases\n  cordon upgrade releases --json")
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let releases = try await Client.use { try await $0.whole("/api/v1/releases") }
        output.show(releases, as: ReleaseShow.table, empty: "The controller has no release.")
    }
}

/// `cordon upgrade remove`
struct UpgradeRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Have the controller forget a release.",
        discussion: """
            Refused while hosts have it, which would go back to it, and while an upgrade brings it to them.

            EXAMPLE
              cordon upgrade remove 0.1.0
            """
    )
    @Argument(help: "Its version.")
    var version: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        _ = try await Client.use { try await $0.send(.delete, "/api/v1/releases/\(Percent.encoded(version))") }
        output.show(["version": .text(version)]) { _ in ["Release \(Terminal.safe(version)) is forgotten."] }
    }
}

/// Releases as people see them.
enum ReleaseShow {
    static func packages(_ release: JSONValue) -> [String] {
        (release["packages"]?.array ?? []).map { package in
            Terminal.safe(
                "\(package["package"]?.text ?? "")  \(package["size"]?.integer ?? 0) bytes  \(package["sha256"]?.text ?? "")"
            )
        }
    }

    static let table = Table(columns: [
        .member("VERSION", "version"), .member("FOR", "architecture"),
        .init(
            title: "PACKAGES",
            text: { ($0["packages"]?.array ?? []).compactMap { $0["package"]?.text }.joined(separator: " ") }),
        .init(title: "HERE", text: { $0["is_whole"]?.flag == true ? "whole" : "in part" }),
        .instant("EXPIRES", "expires_at"), .instant("ADDED", "added_at"), .member("BY", "added_by"),
    ])
}
