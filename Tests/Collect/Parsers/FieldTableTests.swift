import CordonModel
import CordonTesting
import Glibc
import SystemPackage
import Testing

@Suite("The table of fields")
struct FieldTableTests {
    /// `Documentation/events.md`: name to kind, row by row.
    private func rows() throws -> [(name: String, kind: String, words: String)] {
        // The folders may be reached by links; the table lies beside the real ones.
        guard let resolved = unsafe realpath(#filePath, nil) else { throw Errno(rawValue: errno) }
        defer { unsafe free(resolved) }
        let checkout = unsafe String(cString: resolved).split(separator: "/").dropLast(4).joined(separator: "/")
        let bytes = CorpusFile.bytes("/\(checkout)/Documentation/events.md")
        return bytes.split(separator: 0x0A).compactMap { line in
            let cells = String(decoding: line, as: UTF8.self).split(separator: " | ")
            guard cells.count == 3, cells[0].hasPrefix("| `") else { return nil }
            return (String(cells[0].dropFirst(3).dropLast()), String(cells[1]), String(cells[2]))
        }
    }

    @Test("it names every field, its kind and what it is, and no other")
    func table() throws {
        let rows = try rows()
        let kinds = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.kind) })
        for field in ECSField.allCases {
            #expect(kinds[field.rawValue] == field.kind.rawValue + (field.isList ? " list" : ""), "\(field.rawValue)")
        }
        #expect(Set(kinds.keys) == Set(ECSField.allCases.map(\.rawValue)))
        #expect(rows.allSatisfy { $0.words.count > 4 })
    }

    @Test(
        "fields that ECS has are of ECS's kind, and the others are named for a product",
        .enabled(if: Corpora.obstacle == nil, "\(Corpora.obstacle ?? "")"))
    func schema() throws {
        var schema: [String: (kind: String, isList: Bool)] = [:]
        for line in CorpusFile.bytes((Corpora.folder ?? "") + "/ecs/fields.csv").split(separator: 0x0A) {
            let cells = String(decoding: line, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count > 6 else { continue }
            schema[String(cells[3])] = (String(cells[4]), cells[6] == "array")
        }
        let own = ["log.offset", "process.tty.name"]
        let products = ["systemd.", "cordon.", "sshd.", "journald.", "iptables.", "auditd."]
        var common = 0
        for field in ECSField.allCases {
            guard let theirs = schema[field.rawValue] else {
                #expect(own.contains(field.rawValue) || products.contains { field.rawValue.hasPrefix($0) }, "\(field)")
                continue
            }
            common += 1
            // Texts that Elasticsearch indexes in its own way are texts.
            let kind = ["wildcard", "match_only_text"].contains(theirs.kind) ? "keyword" : theirs.kind
            #expect(kind == field.kind.rawValue && theirs.isList == field.isList, "\(field.rawValue)")
        }
        #expect(common >= 90)
    }
}
