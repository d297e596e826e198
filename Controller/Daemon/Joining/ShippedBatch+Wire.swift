internal import ControllerIntake
internal import CordonModel
internal import CordonWire

extension ShippedBatch {
    /// The batch decoded; items that cannot be understood keep their bytes, to be laid aside.
    init(_ batch: Cordon_V1_Batch, from agent: AgentID) {
        self.init(
            epoch: Array(batch.epoch), firstSequence: batch.firstSequence,
            items: batch.items.map { item in
                let bytes = [UInt8](item)
                do throws(WireError) {
                    if let telemetry = try Telemetry.read(item: bytes, from: agent) { return .telemetry(telemetry) }
                    return .unreadable(
                        bytes: bytes, reason: "The item is of a kind that this version does not know.")
                } catch {
                    return .unreadable(bytes: bytes, reason: error.message)
                }
            })
    }
}
