internal import CordonModel
package import CordonTrust

/// The export's lines. A record: `{"index":1,"at_us":…,"actor":…,"verb":…,"subject":…,"details":{…},"hash":"hex"}`; a
/// checkpoint: `{"checkpoint":64,"hash":"hex","signature":"hex"}`, after all records.
package enum AuditLine {
    /// One line with its line feed.
    package static func text(of record: AuditRecord) -> String {
        let entry = record.entry
        return
            "{\"index\":\(record.index),\"at_us\":\(entry.at.microseconds),\"actor\":\(JSONText.quoted(entry.actor)),"
            + "\"verb\":\(JSONText.quoted(entry.verb)),\"subject\":\(JSONText.quoted(entry.subject)),"
            + "\"details\":\(JSONText.object(entry.details)),\"hash\":\"\(HexDigit.text(record.hash))\"}\n"
    }

    /// One line with its line feed.
    package static func text(of checkpoint: AuditCheckpoint) -> String {
        "{\"checkpoint\":\(checkpoint.index),\"hash\":\"\(HexDigit.text(checkpoint.hash))\","
            + "\"signature\":\"\(HexDigit.text(checkpoint.signature))\"}\n"
    }
}
