package import CordonModel

/// Who a certificate speaks for, as the one URI in its subject alternative name says (SPIFFE X.509-SVID §2).
package enum SpiffeID: Sendable, Hashable, CustomStringConvertible {
    /// `spiffe://FLEET`: the certificate authority.
    case authority(fleet: String)
    /// `spiffe://FLEET/controller`.
    case controller(fleet: String)
    /// `spiffe://FLEET/agent/UUID`.
    case agent(fleet: String, id: AgentID)

    /// The fleet.
    package var fleet: String {
        switch self {
        case .authority(let fleet), .controller(let fleet), .agent(let fleet, _): fleet
        }
    }

    package var description: String {
        switch self {
        case .authority(let fleet): "spiffe://\(fleet)"
        case .controller(let fleet): "spiffe://\(fleet)/controller"
        case .agent(let fleet, let id): "spiffe://\(fleet)/agent/\(id)"
        }
    }

    /// Reads the text that `description` writes; `nil` for anything else.
    package init?(_ text: String) {
        guard text.hasPrefix("spiffe://"), text.utf8.count <= 255 else { return nil }
        let parts = text.dropFirst(9).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let fleet = parts.first, (try? FleetName.check(fleet)) != nil else { return nil }
        switch parts.count {
        case 1: self = .authority(fleet: fleet)
        case 2 where parts[1] == "controller": self = .controller(fleet: fleet)
        case 3 where parts[1] == "agent":
            guard let id = AgentID(parts[2]), id.description == parts[2] else { return nil }
            self = .agent(fleet: fleet, id: id)
        default: return nil
        }
    }
}
