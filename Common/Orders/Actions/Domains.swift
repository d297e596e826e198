internal import CordonModel

/// Parameters of `sinkhole_domain`: nobody on the host gets an answer about a domain.
package struct DomainSinkhole: Sendable, Hashable {
    package var domain: DomainName
    /// How long; the kernel ends it. Whole seconds, at least one.
    package var duration: Duration

    package init(domain: DomainName, duration: Duration) {
        self.domain = domain
        self.duration = duration
    }

    init(_ given: GivenParameters) throws(ActionError) {
        self.init(domain: try given.domain("domain"), duration: try given.seconds("duration_s"))
    }

    var parameters: [String: FieldValue] {
        ["domain": .text("\(domain)"), "duration_s": .number(duration.wholeSeconds)]
    }
}

extension CatalogueEntry {
    static let sinkholeDomain = CatalogueEntry(
        kind: .sinkholeDomain, capability: .network,
        parameters: [
            .required("domain", .domain, "The domain; all names below it are meant too."), .duration,
        ],
        precondition:
            "At most 64 domains are sinkholed, by 12,000 rules at most: a domain takes up to 500, and shares them with those "
            + "that have letters at the same places.",
        effect:
            "DNS queries to port 53 about the domain or any name below it are rejected on their way out, whoever asks and "
            + "whatever server, for containers and over loopback too; no file is changed. Not stopped: answers that a "
            + "resolver or program has already; DNS over HTTPS, TLS or QUIC, or to another port; a query over TCP that comes "
            + "in more than one segment, or behind another in the same one, or over UDP in fragments; names in /etc/hosts; "
            + "the domain's addresses, which block_address is for.",
        proof: "Hash of the rules read back from the kernel.", openC2: "deny domain_name")

    static let unsinkholeDomain = CatalogueEntry(
        kind: .unsinkholeDomain, capability: .network, parameters: [.undone], precondition: "",
        effect: "Queries about the domain pass again.", proof: "The rules read back from the kernel.",
        openC2: "allow x-cordon:order, args.x-cordon.did sinkhole_domain")
}
