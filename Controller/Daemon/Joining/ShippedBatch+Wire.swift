internal import ControllerIntake
internal import CordonModel
internal import CordonWire
internal import SwiftProtobuf

extension ShippedBatch {
    /// The batch decoded; items that cannot be understood keep their bytes, to be laid aside.
    init(_ batch: Cordon_V1_Batch, from agent: AgentID) {
        self.init(
            epoch: Array(batch.epoch), firstSequence: batch.firstSequence,
            items: batch.items.map { item in
                do throws(WireError) {
                    if let telemetry = try item.model(from: agent) { return .telemetry(telemetry) }
                    return .unreadable(
                        bytes: Self.bytes(item), reason: "The item is of a kind that this version does not know.")
                } catch {
                    return .unreadable(bytes: Self.bytes(item), reason: error.message)
                }
            })
    }

    private static func bytes(_ item: Cordon_V1_Item) -> [UInt8] { (try? item.serializedBytes()) ?? [] }
}
