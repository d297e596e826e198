package import CordonModel
package import FoundationEssentials
internal import SwiftProtobuf

/// A message of the contract that does not say what it must.
package struct WireError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String

    package init(_ reason: String) {
        code = "wire.malformed"
        message = "A message of the contract is malformed: \(reason)."
        remedy = ""
    }
}

/// Bounds on what a peer may put into a message.
package enum WireLimits {
    /// Bytes of a text that people read.
    package static let text = 4096
    /// Bytes of a path.
    package static let path = 4096
}

// MARK: - Results

extension Cordon_V1_OrderResult {
    package init(_ result: OrderResult) {
        self.init()
        orderID = result.order.data
        switch result.outcome {
        case .succeeded: outcome = .succeeded
        case .failed(let code): (outcome, reasonCode) = (.failed, code)
        case .refused(let rule): (outcome, reasonCode) = (.refused, rule)
        }
        message = result.message
        startedAtUs = result.startedAt.microseconds
        finishedAtUs = result.finishedAt.microseconds
        if let proof = result.proof { self.proof = Cordon_V1_Proof(proof) }
        if let evidence = result.evidence {
            self.evidence.name = evidence.name
            self.evidence.sha256 = Data(evidence.sha256)
            self.evidence.size = UInt64(clamping: evidence.size)
        }
    }

    /// The result as the model knows it; texts are cut to their bounds, an unknown outcome is a failure.
    package func model() throws(WireError) -> OrderResult {
        guard let id = OrderID(bytes: orderID) else { throw WireError("order_id is not 16 bytes") }
        let outcome: CordonModel.Outcome
        switch self.outcome {
        case .succeeded: outcome = .succeeded
        case .refused: outcome = .refused(rule: reasonCode.bounded(200))
        case .failed: outcome = .failed(code: reasonCode.bounded(200))
        case .unspecified, .UNRECOGNIZED: outcome = .failed(code: "unknown_outcome")
        }
        return OrderResult(
            order: id, outcome: outcome, message: message.bounded(WireLimits.text),
            startedAt: Timestamp(microseconds: startedAtUs), finishedAt: Timestamp(microseconds: finishedAtUs),
            proof: hasProof ? proof.model() : nil, evidence: hasEvidence ? evidence.model() : nil
        )
    }
}

extension Cordon_V1_Evidence {
    /// The evidence as the model knows it; `nil` for what has no whole hash or no size. Its name is one of a file: without
    /// slashes and what steers a terminal.
    fileprivate func model() -> Evidence? {
        guard sha256.count == 32, let size = Int64(exactly: size) else { return nil }
        let plain = String(String.UnicodeScalarView(name.unicodeScalars.filter { $0 != "/" })).plain(200)
        return Evidence(name: plain.isEmpty ? "evidence" : plain, sha256: [UInt8](sha256), size: size)
    }
}

extension Cordon_V1_Proof {
    package init(_ proof: Proof) {
        self.init()
        applied = proof.applied
        rulesHash = proof.rulesHash
        socketsReset = UInt32(clamping: proof.socketsReset)
        flowsDeleted = UInt32(clamping: proof.flowsDeleted)
        appliedUs = proof.appliedMicroseconds
        probes = proof.probes.map { probe in
            var message = Cordon_V1_Probe()
            message.name = probe.name
            message.passed = probe.passed
            message.observed = probe.observed
            return message
        }
    }

    /// The proof as the model knows it; at most 100 lines and probes, texts cut to their bounds.
    package func model() -> Proof {
        Proof(
            applied: applied.prefix(100).map { $0.bounded(WireLimits.text) }, rulesHash: rulesHash.bounded(64),
            socketsReset: Int(socketsReset), flowsDeleted: Int(flowsDeleted), appliedMicroseconds: appliedUs,
            probes: probes.prefix(100).map {
                Proof.Probe(
                    name: $0.name.bounded(100), passed: $0.passed, observed: $0.observed.bounded(WireLimits.text))
            }
        )
    }
}

// MARK: - Containment and facts

extension Cordon_V1_Containment {
    /// At most 1000 blocks are named; all are counted.
    package init(_ state: ContainmentState) {
        self.init()
        isolatedUntilUs = state.isolatedUntil?.microseconds ?? 0
        if let order = state.isolatedBy { isolatedBy = order.data }
        blockCount = UInt32(clamping: state.blocks.count)
        blocks = state.blocks.prefix(1000).map { block in
            var message = Cordon_V1_Containment.Block()
            message.network = "\(block.network)"
            message.untilUs = block.until.microseconds
            return message
        }
        effects = state.effects.prefix(1000).map { effect in
            var message = Cordon_V1_Containment.Effect()
            message.kind = effect.kind.rawValue
            message.subject = effect.subject.bounded(WireLimits.path)
            message.orderID = effect.order.data
            message.untilUs = effect.until?.microseconds ?? 0
            return message
        }
    }

    /// What the model knows of it; blocks that are not networks are left out.
    package func model() -> ContainmentState {
        ContainmentState(
            isolatedUntil: isolatedUntilUs > 0 ? Timestamp(microseconds: isolatedUntilUs) : nil,
            isolatedBy: OrderID(bytes: isolatedBy),
            blocks: blocks.prefix(1000).compactMap { block in
                Network(block.network).map { .init(network: $0, until: Timestamp(microseconds: block.untilUs)) }
            },
            effects: effects.prefix(1000).compactMap { effect in
                guard let kind = ActionKind(rawValue: effect.kind), let order = OrderID(bytes: effect.orderID) else {
                    return nil
                }
                return ContainmentState.Effect(
                    kind: kind, subject: effect.subject.plain(WireLimits.path), order: order,
                    until: effect.untilUs > 0 ? Timestamp(microseconds: effect.untilUs) : nil)
            }
        )
    }
}

extension Cordon_V1_Facts {
    package init(_ facts: HostFacts) {
        self.init()
        hostname = facts.hostname
        kernel = facts.kernel
        operatingSystem = facts.operatingSystem
        agentVersion = facts.agentVersion
        enforcerVersion = facts.enforcerVersion
        ownedTables = facts.ownedTables
        policyHash = facts.policyHash
        containment = Cordon_V1_Containment(facts.containment)
        if let preflight = facts.isolation { isolation = Cordon_V1_IsolationPreflight(preflight) }
        standingVersion = facts.standingVersion ?? 0
    }

    /// The facts as the model knows them: texts cut to 255 bytes, without what steers a terminal or the direction of
    /// writing. They are names and versions, shown everywhere beside what the controller itself says.
    package func model() -> HostFacts {
        var facts = HostFacts(
            hostname: hostname.plain(255), kernel: kernel.plain(255), operatingSystem: operatingSystem.plain(255),
            agentVersion: agentVersion.plain(255), enforcerVersion: enforcerVersion.plain(255),
            ownedTables: ownedTables,
            policyHash: policyHash.plain(64), containment: containment.model(),
            isolation: hasIsolation ? isolation.model() : nil
        )
        facts.standingVersion = standingVersion == 0 ? nil : standingVersion
        return facts
    }
}

extension String {
    /// Without control characters, line and paragraph separators, and marks that turn the direction of writing.
    fileprivate func plain(_ bytes: Int) -> String {
        let kept = unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
            default: true
            }
        }
        return String(String.UnicodeScalarView(kept)).bounded(bytes)
    }
}

extension Identifier {
    /// The 16 bytes, as the contract carries them.
    package var data: Data { Data(uuid.bytes) }
}

extension String {
    /// The text cut to at most so many bytes of UTF-8, never inside a character.
    package func bounded(_ bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(startIndex, offsetBy: bytes)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
