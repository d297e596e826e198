import CordonModel
import CordonOrders
import CordonTesting
import CordonTrust
import CordonWire
import SwiftProtobuf
import Testing

@testable import ControllerFleet

/// Orders that a host takes only with people's signatures, as the controller sees them.
@Suite("Approvals at the controller", .timeLimit(.minutes(2)))
struct ApprovalTests {
    let scratch = ScratchFolder()
    private let isolation = Action.isolate(Isolation(duration: .seconds(60)))
    private let ann = SigningKey()
    private let bob = SigningKey()
    private let mia: SoftAuthenticator

    init() throws { mia = try SoftAuthenticator() }

    /// A fleet whose policy root has listed ann, bob and mia's passkey.
    private func serve(_ body: @Sendable @escaping (Controller) async throws -> Void) async throws {
        let (folder, clock) = (scratch.path, TestClock())
        let root = folder + ".root"
        _ = try FleetSetup.create(
            folder: folder, fleetName: "test", addresses: ["127.0.0.1", "localhost"], rootKeyFile: root, at: clock.now)
        let key = try KeyFile.signingKey(at: root)
        let path = "\(folder)/\(FleetKeys.File.keySet)"
        var document = try KeyDocument(signed: try KeyFile.read(path, secret: false), by: key.verifyingKey)
        document.version += 1
        document.approvers = [
            Approver(person: "ann", key: ann.verifyingKey), Approver(person: "bob", key: bob.verifyingKey),
            Approver(person: "mia", .passkey(mia.passkey)),
        ]
        try KeyFile.write(try document.signed(with: key), to: path, mode: 0o644)
        try await Controller.serve(in: folder, clock: clock, body)
    }

    private static func waits(_ carried: Int) -> Outcome {
        .refused(rule: AwaitedApprovals(carried: carried, needed: 2).rule)
    }

    @Test(
        "an order that its host takes from nobody alone waits, goes out with every signature, and is done with the last"
    )
    func gathered() async throws {
        try await serve { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let fleet = controller.fleet
                _ = try await fleet.submit(controller.request(isolation, of: agent), by: Controller.admin)
                let (order, signed) = try await stream.order()
                try await stream.answer(order.id, Self.waits(0))
                let waiting = try await controller.order(order.id, becomes: .drafted)
                #expect(waiting.note == "done" && waiting.result == nil, "what the host said stands there")

                let bytes = [UInt8](signed.order)
                _ = try await fleet.approve(order.id, with: try Approval(of: bytes, with: ann), by: Controller.admin)
                let (_, second) = try await stream.order()
                #expect(second.order == signed.order && second.approvals.count == 1)
                try await stream.answer(order.id, Self.waits(1))
                let halfway = try await controller.order(order.id, becomes: .drafted)
                #expect(halfway.approvedBy == ["ann"])
                let same = try await fleet.approve(
                    order.id, with: try Approval(of: bytes, with: ann), by: Controller.admin)
                #expect(same.state == .drafted, "the same person again changes nothing")

                _ = try await fleet.approve(order.id, with: try Approval(of: bytes, with: bob), by: Controller.admin)
                let (_, third) = try await stream.order()
                #expect(third.approvals.count == 2)
                let counted = try Approvals(of: third, by: fleet.approvers, at: controller.clock.now)
                #expect(counted.people == ["ann", "bob"])
                try await stream.answer(order.id, .succeeded)
                _ = try await controller.order(order.id, becomes: .succeeded)
            }
        }
    }

    @Test(
        "one that is withdrawn says that its host was asked already; one whose time is up by itself says that instead")
    func withdrawn() async throws {
        try await serve { controller in
            let agent = try await controller.agent()
            let fleet = controller.fleet
            try await agent.connected { stream in
                for isLate in [false, true] {
                    _ = try await fleet.submit(controller.request(isolation, of: agent), by: Controller.admin)
                    let (order, _) = try await stream.order()
                    try await stream.answer(order.id, Self.waits(0))
                    _ = try await controller.order(order.id, becomes: .drafted)
                    guard isLate else {
                        let over = try await fleet.reject(order.id, because: "no", by: Controller.admin)
                        #expect(
                            over.state == .expired && over.note.hasPrefix("Withdrawn: no (The host was asked already"))
                        continue
                    }
                    controller.clock.advance(by: .seconds(3600))
                    await #expect(throws: FleetError.notWaiting(order.id, .expired)) {
                        try await fleet.reject(order.id, because: "no", by: Controller.admin)
                    }
                }
            }
        }
    }

    @Test("a newer list is taken while the controller runs, recorded and sent; none that is older or not the root's")
    func changed() async throws {
        try await serve { controller in
            let (folder, fleet) = (scratch.path, controller.fleet)
            let path = "\(folder)/\(FleetKeys.File.keySet)"
            let root = try KeyFile.signingKey(at: folder + ".root")
            let agent = try await controller.agent()
            let first = try KeyDocument(signed: try KeyFile.read(path, secret: false), by: root.verifyingKey)
            @Sendable func put(_ version: UInt64, _ person: String, _ signer: SigningKey) throws {
                var document = first
                document.version = version
                document.approvers = [Approver(person: person, key: ann.verifyingKey)]
                try KeyFile.write(try document.signed(with: signer), to: path, mode: 0o644)
            }
            try await agent.connected { stream in
                for (version, signer, code) in [
                    (9 as UInt64, SigningKey(), "fleet.bad_key_set"), (1, root, "fleet.old_key_set"),
                ] {
                    try put(version, "eve", signer)
                    let refusal = await #expect(throws: FleetError.self) { try await fleet.takeKeySet() }
                    #expect(refusal?.code == code)
                }
                #expect(fleet.approvers.map(\.person) == ["ann", "bob", "mia"])
                try put(3, "zoe", root)
                let sent = try await stream.next { message in
                    guard case .keySet(let set)? = message.message else { return nil as KeyDocument? }
                    let bytes: [UInt8]? = try? set.serializedBytes()
                    let document = bytes.flatMap { try? KeyDocument(signed: $0, by: root.verifyingKey) }
                    return document?.version == 3 ? document : nil
                }
                #expect(sent.approvers.map(\.person) == ["zoe"])
                #expect(fleet.approvers.map(\.person) == ["zoe"])
            }
        }
    }

    @Test(
        "a passkey's approval goes to the host with all that its authenticator said; one that is not over it does not")
    func passkey() async throws {
        try await serve { controller in
            let agent = try await controller.agent()
            let fleet = controller.fleet
            let record = try await fleet.submit(controller.request(isolation, of: agent), by: Controller.admin)
            let approval = try mia.approval(of: record.signedOrder)
            let unverified = try mia.approval(of: record.signedOrder) { $0.flags = 1 }
            let why = "its authenticator did not verify who was there, by PIN or otherwise"
            await #expect(throws: FleetError.badApproval("mia", why)) {
                try await fleet.approve(record.id, with: unverified, by: Controller.admin)
            }
            let signed = try await fleet.approve(record.id, with: approval, by: Controller.admin)
            #expect(signed.approvedBy == ["mia"])
            try await agent.connected { stream in
                let (_, sent) = try await stream.order()
                #expect(sent.approvals.first?.model.assertion == approval.assertion)
                let counted = try Approvals(of: sent, by: fleet.approvers, at: controller.clock.now)
                #expect(counted.people == ["mia"])
            }
        }
    }

    @Test(
        "signatures by keys that are not listed, or over something else, are not taken; nor any for an order that is over"
    )
    func refused() async throws {
        try await serve { controller in
            let agent = try await controller.agent()
            let fleet = controller.fleet
            let record = try await fleet.submit(controller.request(isolation, of: agent), by: Controller.admin)
            let bytes = record.signedOrder
            await #expect(throws: FleetError.unknownApprover) {
                try await fleet.approve(
                    record.id, with: try Approval(of: bytes, with: SigningKey()), by: Controller.admin)
            }
            await #expect(throws: FleetError.badApproval("ann", "its signature is not valid")) {
                try await fleet.approve(record.id, with: try Approval(of: bytes + [0], with: ann), by: Controller.admin)
            }
            let early = try await fleet.approve(
                record.id, with: try Approval(of: bytes, with: ann), by: Controller.admin)
            #expect(
                early.state == .queued && early.approvedBy == ["ann"], "an order may be signed before its host is there"
            )
            try await agent.connected { stream in
                let (order, signed) = try await stream.order()
                #expect(signed.approvals.count == 1)
                // What an agent says of an order that went out before the signature came.
                try await stream.answer(order.id, Self.waits(0))
                let (_, again) = try await stream.order()
                #expect(again == signed, "it is sent again at once")
                try await stream.answer(order.id, .succeeded)
                _ = try await controller.order(order.id, becomes: .succeeded)
            }
            await #expect(throws: FleetError.notWaiting(record.id, .succeeded)) {
                try await fleet.approve(record.id, with: try Approval(of: bytes, with: bob), by: Controller.admin)
            }
        }
    }
}
