package import ControllerAccess
package import CordonModel
package import Hummingbird
internal import NIOCore

/// What goes along with one request through all middleware to its handler, for the API and the console alike.
package struct RequestScope: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Who asks, once ``SessionMiddleware`` looked; `nil` for nobody known.
    package var credential: Credential?
    /// Where the connection comes from; `0.0.0.0` where there is none (requests made by tests in the process).
    package let source: IPAddress

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        let remote = source.channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
        self.source = remote ?? .v4(0)
    }

    /// Who asks; `nil` for nobody known.
    package var principal: Principal? { credential?.principal }

    package var maxUploadSize: Int { APILimits.body }
}

/// Bounds on what a request may bring.
package enum APILimits {
    /// Bytes of a body.
    package static let body = 1 << 20
    /// Items of one page when nothing is asked for.
    package static let page: Int64 = 50
    /// Items of one page at most.
    package static let largestPage: Int64 = 200
    /// Long answers (`/changes`) open at one time.
    package static let watchers = 256
    /// Of those, with one session or API token.
    package static let watchersOfOne = 16
    /// Connections from one source address at one time.
    package static let connectionsOfOneSource = 256
    /// Seconds in which a request must have come whole, and a new connection its first one's head.
    package static let requestSeconds: Int64 = 30
    /// Seconds that a connection may wait for its next request.
    package static let idleSeconds: Int64 = 60
}
