internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird

extension API {
    /// How the controller is, and what it offers.
    static var serviceRoutes: [Route] {
        [
            Route(
                method: .get, path: "/health/live", name: "isLive", tag: "health",
                summary: "Whether the process answers.",
                admission: .anyone, answer: .json(health)
            ) { _ in .json(["status": "ok"]) },
            Route(
                method: .get, path: "/health/ready", name: "isReady", tag: "health",
                summary: "Whether the controller can work.",
                admission: .anyone, answer: .json(health), problems: [.serviceUnavailable]
            ) { call in
                if let reason = await call.services.readiness() {
                    throw Problem(.serviceUnavailable, "controller.not_ready", reason)
                }
                return .json(["status": "ok"])
            },
            Route(
                method: .get, path: "\(root)/openapi.json", name: "getDocument", tag: "health",
                summary: "This document.",
                admission: .anyone, answer: .json(.anything)
            ) { _ in .json(document) },
            Route(
                method: .get, path: "\(root)/authority.pem", name: "getAuthority", tag: "health",
                summary: "The certificate of the fleet's authority. Believe it only after comparing its fingerprint.",
                admission: .anyone, answer: .media("application/x-pem-file"), problems: [.notFound]
            ) { call in
                let pem = call.services.authorityPEM
                guard !pem.isEmpty else {
                    throw Problem(.notFound, "authority.none", "This controller has no authority for TLS.")
                }
                return .content(
                    ResponseBody(byteBuffer: ByteBuffer(string: pem)), mediaType: "application/x-pem-file", headers: [:]
                )
            },
        ]
    }

    private static let health = Schema.named("Health", .object([.required("status", .choice(["ok"]))]))
    /// Written once: it does not change while the program runs.
    private static let document = OpenAPI.document(of: routes)
}
