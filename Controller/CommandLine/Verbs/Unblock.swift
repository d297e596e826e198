internal import ArgumentParser
internal import CordonModel
internal import CordonScan

/// `cordon unblock`
struct Unblock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End the block of an address on a host.",
        discussion: """
            It ends the block of exactly that address or network, of all its packets. What else blocks it there (a wider \
            network, a list, a block with ports or a direction) stays, and is named as far as the controller knows of it: a host \
            names a thousand of its blocks.

            EXAMPLES
              cordon unblock web-1 203.0.113.7 --reason 'false alarm' --wait
            """
    )
    @Argument(help: "The host's name or identifier.")
    var host: String
    @Argument(help: "The address or network, as it was blocked.")
    var address: String
    @OptionGroup var order: OrderOptions

    func validate() throws { try AddressArgument.check(address) }

    func run() async throws {
        try await order.order(["kind": "unblock_address", "network": .text(address)], of: host)
        await nameOthers()
    }

    /// Says what blocks an address of it besides the block that is ended. The undo is ordered by now and stands,
    /// whatever becomes of this question: a controller of an older version does not answer it.
    private func nameOthers() async {
        let asked = Network(address).map { "\($0)" } ?? address
        let answer: JSONValue
        do {
            answer = try await Client.use { client in
                let id = try await client.hostID(host)
                return try await client.get("/api/v1/hosts/\(id)/blocks", [("network", asked)])
            }
        } catch {
            let why = (error as? Complaint)?.description ?? "\(error)"
            Terminal.complain(
                "The order is given. What else blocks \(address) on \(host) could not be asked: \(why)")
            return
        }
        for block in answer["items"]?.array ?? []
        where block["order"]?.text != nil || block["network"]?.text != asked {
            Terminal.complain(sentence(block))
        }
        if answer["is_whole"]?.flag != true {
            Terminal.complain(
                "There may be more that blocks \(address) on \(host): the controller does not know of all that is "
                    + "blocked there. `nft list ruleset` there, as root, shows it.")
        }
    }

    /// `203.0.113.7 stays blocked on web-1: 203.0.113.0/24, until … (cordon unblock web-1 203.0.113.0/24).`
    private func sentence(_ block: JSONValue) -> String {
        let (subject, network) = (block["subject"]?.text ?? "", block["network"]?.text ?? "")
        let isList = block["kind"]?.text == ActionKind.blockAddresses.rawValue
        let what = isList ? "the list \(subject) has \(network)" : subject
        let until = block["until"]?.text.map { ", until \(Shown.instant($0))" } ?? ""
        let end = block["order"]?.text.map { "undo \($0)" } ?? "unblock \(host) \(network)"
        let part = block["whole"]?.flag == true ? "" : "A part of "
        return "\(part)\(address) stays blocked on \(host): \(what)\(until) (cordon \(end) --reason …)."
    }
}
