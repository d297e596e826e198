internal import CordonModel

/// Parameters of `block_addresses`: many networks, blocked and unblocked as one.
package struct AddressListBlock: Sendable, Hashable {
    /// What the list is called on the host; another of the same name takes its place.
    package var name: String
    package var list: AddressList
    /// How long; the kernel ends it. Whole seconds, at least one.
    package var duration: Duration

    package init(name: String, list: AddressList, duration: Duration) {
        self.name = name
        self.list = list
        self.duration = duration
    }

    init(_ given: GivenParameters) throws(ActionError) {
        self.init(
            name: try given.text("list"), list: try given.addresses("networks"),
            duration: try given.seconds("duration_s"))
    }

    var parameters: [String: FieldValue] {
        [
            "list": .text(name), "networks": .text(list.text), "duration_s": .number(duration.wholeSeconds),
        ]
    }
}

extension CatalogueEntry {
    static let blockAddresses = CatalogueEntry(
        kind: .blockAddresses, capability: .network,
        parameters: [
            .required("list", .label, "What the list is called on the host; another of the same name takes its place."),
            .required(
                "networks", .networks, "Addresses and networks, with white space between; some may lie in others."),
            .duration,
        ],
        precondition: "At most 16 lists are in force, and together no more networks than local policy has.",
        effect:
            "Packets from and to any of them are dropped in input, output and forward; flows with them are ended. All of the "
            + "list comes into force at once, in the place of an earlier list of that name, and ends at once. One network that "
            + "may not be blocked refuses the whole list.",
        proof: "Hash of the rules read back from the kernel; sockets reset, flows deleted.",
        openC2: "deny x-cordon:networks")

    static let unblockAddresses = CatalogueEntry(
        kind: .unblockAddresses, capability: .network, parameters: [.undone], precondition: "",
        effect: "The list has ended.", proof: "The rules read back from the kernel.",
        openC2: "allow x-cordon:order, args.x-cordon.did block_addresses")
}
