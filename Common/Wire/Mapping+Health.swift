package import CordonModel
internal import SwiftProtobuf

extension Cordon_V1_Facts {
    /// The facts, with what the host said before of how its agent is doing: that comes in a message of its own.
    package func model(keepingHealthOf known: HostFacts?) -> HostFacts {
        var facts = model()
        facts.health = known?.health
        facts.abilities = known?.abilities ?? []
        return facts
    }
}

extension Cordon_V1_AgentHealth {
    /// What the facts hold of how the agent is doing.
    package init(_ facts: HostFacts) {
        self.init()
        abilities = facts.abilities
        guard let health = facts.health else { return }
        memoryBytes = UInt64(clamping: health.memoryBytes)
        cpuPermille = UInt32(clamping: health.cpuPermille)
        waiting = UInt64(clamping: health.waiting)
        spoolBytes = UInt64(clamping: health.spoolBytes)
        lost = UInt64(clamping: health.lost)
        refused = UInt64(clamping: health.refused)
        sources = health.sources.prefix(Self.sourceLimit).map { state in
            .with {
                $0.source = state.source.bounded(Self.nameLimit)
                $0.fault = (state.fault ?? "").bounded(Self.faultLimit)
            }
        }
    }

    /// Sources that are told, and the bytes of their texts.
    private static let (sourceLimit, nameLimit, faultLimit) = (64, 256, 512)

    /// Adds it to the host's facts, texts cut; where there are none yet it is left out.
    package func add(to facts: inout HostFacts?) {
        facts?.abilities = abilities.prefix(64).map { $0.bounded(64) }
        facts?.health = AgentHealth(
            memoryBytes: Int64(clamping: memoryBytes), cpuPermille: Int(cpuPermille), waiting: Int64(clamping: waiting),
            spoolBytes: Int64(clamping: spoolBytes), lost: Int64(clamping: lost), refused: Int(clamping: refused),
            sources: sources.prefix(Self.sourceLimit).map { state in
                let fault = state.fault.bounded(Self.faultLimit)
                return SourceState(source: state.source.bounded(Self.nameLimit), fault: fault.isEmpty ? nil : fault)
            })
    }
}
