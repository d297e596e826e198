internal import ControllerCases
package import ControllerFleet
package import CordonModel
internal import CordonScan
package import HTTPTypes
package import Hummingbird

extension API {
    /// What orders brought from hosts.
    static var evidenceRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/evidence", name: "listEvidence", tag: "evidence",
                summary: "Evidence that the controller has, newest first.", admission: .role(.analyst),
                query: .page(
                    .init("host", .identifier, "Only of this host."),
                    .init("case", .text(.plain, length: 1...40), "Only of this case.")),
                answer: .json(.page("Evidence", EvidenceView.schema)), problems: [.notFound]
            ) { call in
                var filter = EvidenceFilter(
                    host: call.identifier(query: "host"), before: try call.cursor(), limit: call.limit)
                if let name = call.query["case"]?.text {
                    filter.caseID = try await call.services.cases.file(named: name).id
                }
                let found = try await call.services.fleet.evidence(filter)
                return .page(found.map(EvidenceView.json), next: found.count == call.limit ? found.last?.order : nil)
            },
            Route(
                method: .get, path: "\(root)/evidence/{id}", name: "getEvidence", tag: "evidence",
                summary: "What is known of the evidence that an order brought.", admission: .role(.analyst),
                parameters: .identifier, answer: .json(EvidenceView.schema), problems: [.notFound]
            ) { call in .json(EvidenceView.json(try await call.services.fleet.evidence(call.identifier()))) },
            Route(
                method: .get, path: "\(root)/evidence/{id}/content", name: "readEvidence", tag: "evidence",
                summary: "The bytes themselves. Whoever reads them stands in the audit chain.",
                admission: .role(.responder), parameters: .identifier, answer: .media(EvidenceDownload.mediaType),
                problems: [.notFound]
            ) { call in
                let download = try await EvidenceDownload(
                    call.services.fleet.evidence(call.identifier()), call.services, by: call.principal())
                return .content(
                    download.body, mediaType: EvidenceDownload.mediaType, headers: download.headers)
            },
        ]
    }
}

/// Evidence on its way to a person: written down before its first byte goes.
package struct EvidenceDownload: Sendable {
    package static let mediaType = "application/octet-stream"
    package let body: ResponseBody
    /// Has browsers save it, never show it.
    package let headers: HTTPFields

    /// - Throws: when the bytes are not there whole, or the reading cannot be written down.
    package init(_ evidence: EvidenceRecord, _ services: APIServices, by principal: Principal) async throws {
        let folder = services.fleet.evidenceFolder
        guard try await folder.holds(evidence.sha256, evidence.size) else {
            throw FleetError.damagedEvidence(evidence.order)
        }
        try await services.audit.record(
            Fleet.readingEntry(evidence, by: principal, at: services.surroundings.now()))
        body = ResponseBody(contentLength: Int(clamping: evidence.size)) { writer in
            var offset: Int64 = 0
            while offset < evidence.size {
                let bytes = try await folder.bytes(of: evidence.sha256, at: offset)
                // Less than was promised ends the connection: nobody takes it for the whole.
                guard !bytes.isEmpty else { throw FleetError.damagedEvidence(evidence.order) }
                try await writer.write(ByteBuffer(bytes: bytes))
                offset += Int64(bytes.count)
            }
            try await writer.finish(nil)
        }
        var headers = HTTPFields()
        headers[.contentDisposition] = "attachment; filename=\"\(Self.plain(evidence.name))\""
        self.headers = headers
    }

    /// A name that any system takes: letters, digits, dots, `_` and `-`.
    private static func plain(_ name: String) -> String {
        let kept = name.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                || ["_", "-", "."].contains(scalar) ? Character(scalar) : "_"
        }
        let text = String(kept)
        return text.hasPrefix(".") ? "_" + text : text
    }
}
