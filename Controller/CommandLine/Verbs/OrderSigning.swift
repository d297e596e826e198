internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import CordonTrust

/// Signs an order with a person's own key. The controller is not believed: what is shown is read from the bytes that are
/// signed.
struct OrderSigning: Sendable {
    let order: String
    let keyFile: String
    /// Whether nobody is asked.
    let isSure: Bool

    func run(_ output: OutputOptions) async throws {
        guard let id = OrderID(order) else {
            throw ValidationError("An order is named by its identifier, from `cordon orders --waiting`.")
        }
        let key = try Self.key(keyFile)
        let signed = try await Client.use { client in
            let path = "/api/v1/orders/\(id)/approvals"
            let bytes = HexDigit.bytes(try await client.get(path)["order"]?.text ?? "") ?? []
            let order = try Self.read(bytes, expecting: id)
            let names = try? await client.shownNames()
            let lines = Self.lines(order, called: names?.host("\(order.agent)"))
            if !isSure || !output.json { for line in lines { Terminal.complain(line) } }
            guard isSure || Self.agrees() else { throw Complaint(.failed, "Nothing was signed.") }
            let approval = try Approval(of: bytes, with: key)
            return try await client.send(
                .post, path,
                ["key": .text(HexDigit.text(approval.keyID)), "signature": .text(HexDigit.text(approval.signature))])
        }
        output.show(signed) { order in
            let people = order["approved_by"]?.texts ?? []
            return [
                "Signed by \(Terminal.safe(people.joined(separator: ", "))); the order is \(order["state"]?.text ?? "?")."
            ]
        }
    }

    static func key(_ path: String) throws -> SigningKey {
        do { return try KeyFile.signingKey(at: path) } catch {
            throw Complaint(.usage, Terminal.safe(error.message), Terminal.safe(error.remedy))
        }
    }

    private static func read(_ bytes: [UInt8], expecting id: OrderID) throws -> Order {
        let order: Order
        do { order = try Order(signedBytes: bytes) } catch {
            throw Complaint(.failed, "What the controller gave to sign is no order.")
        }
        guard order.id == id else {
            throw Complaint(.failed, "The controller gave another order to sign: \(order.id).")
        }
        return order
    }

    /// - Parameter name: what the controller calls the host; nothing that is signed says so.
    private static func lines(_ order: Order, called name: String?) -> [String] {
        let called = name.map { ", which the controller calls \(Terminal.safe($0))" } ?? ""
        var lines = [
            "You are about to sign:", "  \(Terminal.safe(order.action.sentence))", "  host     \(order.agent)\(called)",
        ]
        for (name, value) in order.action.shownParameters.sorted(by: { $0.key < $1.key }) {
            lines.append("  with     \(name) = \(Terminal.safe(Self.words(value)))")
        }
        lines.append("  fleet    \(Terminal.safe(order.fleet))")
        lines.append("  asked by \(Terminal.safe(order.requestedBy)): \(Terminal.safe(order.reason))")
        lines.append("  expires  \(order.expiresAt)")
        return lines
    }

    private static func words(_ value: FieldValue) -> String {
        switch value {
        case .text(let text): text
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .texts(let texts): texts.joined(separator: ", ")
        }
    }

    private static func agrees() -> Bool {
        Terminal.complain("Sign it with your key? Type yes:")
        return readLine(strippingNewline: true) == "yes"
    }
}
