internal import CordonModel
internal import CordonScan
internal import CordonTrust

/// An exported audit chain, checked without the controller.
struct AuditExportFile {
    /// What the check found, in the words of the API.
    let finding: JSONValue

    /// - Parameter key: The audit key; the one that the export names when there is none.
    init(bytes: [UInt8], name: String, key: [UInt8]?) throws {
        var records: [AuditRecord] = []
        var checkpoints: [AuditCheckpoint] = []
        var named: [UInt8]?
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let value = try? JSONValue.parse(Array(line)) else { throw Self.malformed(name, number + 1) }
            if let text = value["audit_key"]?.text {
                named = HexDigit.bytes(text)
            } else if value["checkpoint"] != nil {
                guard let checkpoint = Self.checkpoint(value) else { throw Self.malformed(name, number + 1) }
                checkpoints.append(checkpoint)
            } else {
                guard let record = Self.record(value) else { throw Self.malformed(name, number + 1) }
                records.append(record)
            }
        }
        guard !records.isEmpty else {
            throw Complaint(
                .failed, "\(name) holds no record: every controller's chain has some.",
                "Export again with `cordon audit export`.")
        }
        guard let raw = key ?? named, let verifying = try? VerifyingKey(rawBytes: raw) else {
            throw Complaint(.usage, "\(name) does not name the audit key.", "Give it with --key.")
        }
        finding = Self.check(records, checkpoints, verifying)
    }

    private static func check(_ records: [AuditRecord], _ checkpoints: [AuditCheckpoint], _ key: VerifyingKey)
        -> JSONValue
    {
        var verifier = AuditVerifier(checkpoints: checkpoints, key: key)
        var fault: AuditFault?
        for record in records where fault == nil { fault = verifier.check(record) }
        fault = fault ?? verifier.finish()
        let head = verifier.verified
        return [
            "intact": .flag(fault == nil), "records": .integer(head.index),
            "checkpoints": .integer(Int64(checkpoints.count { $0.index <= head.index })),
            "head_index": .integer(head.index),
            "head_hash": .text(HexDigit.text(head.hash)), "key": .text(HexDigit.text(key.rawBytes)),
            "fault": fault.map {
                ["index": .integer($0.index), "kind": .text($0.kind.rawValue), "message": .text($0.description)]
            } ?? .null,
        ]
    }

    private static func record(_ value: JSONValue) -> AuditRecord? {
        guard let index = value["index"]?.integer, let at = value["at_us"]?.integer, let actor = value["actor"]?.text,
            let verb = value["verb"]?.text, let subject = value["subject"]?.text,
            let members = value["details"]?.object,
            let hash = value["hash"]?.text.flatMap({ HexDigit.bytes($0) })
        else { return nil }
        var details: [String: String] = [:]
        for (key, value) in members {
            guard let text = value.text else { return nil }
            details[key] = text
        }
        let entry = AuditEntry(
            at: Timestamp(microseconds: at), actor: actor, verb: verb, subject: subject, details: details)
        return AuditRecord(index: index, entry: entry, hash: hash)
    }

    private static func checkpoint(_ value: JSONValue) -> AuditCheckpoint? {
        guard let index = value["checkpoint"]?.integer, let hash = value["hash"]?.text.flatMap({ HexDigit.bytes($0) }),
            let signature = value["signature"]?.text.flatMap({ HexDigit.bytes($0) })
        else { return nil }
        return AuditCheckpoint(index: index, hash: hash, signature: signature)
    }

    private static func malformed(_ name: String, _ line: Int) -> Complaint {
        Complaint(
            .usage, "Line \(line) of \(name) is not of an audit export.", "Export again with `cordon audit export`.")
    }
}
