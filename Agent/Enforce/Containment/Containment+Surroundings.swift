internal import AgentNetlink
internal import CordonModel
internal import CordonOrders
internal import Glibc

/// What the host is connected by, as isolations and blocks must know it.
extension Containment {
    /// The rules of an isolation, and what is to be said of them where the host has more interfaces than are closed, or where
    /// they cannot be listed: those known before stay closed, so that an isolation is never made weaker by that. After a
    /// start those are known that the kernel holds closed since before.
    mutating func rules(_ level: Isolation.Level) -> (rules: IsolationRules, fault: String?) {
        func rules(_ interfaces: [String]) -> IsolationRules {
            IsolationRules(controllers: controllers, agentUser: agentUser, interfaces: interfaces)
        }
        guard level == .networkAndRaw else { return (rules([]), nil) }
        do throws(NetlinkError) {
            let listed = try listInterfaces()
            let most = IsolationRules.mostInterfaces
            let names = listed.prefix(most).sorted()
            return (rules(names), listed.count > most ? "of \(listed.count) interfaces, \(most) are closed" : nil)
        } catch {
            let fault =
                "interfaces could not be listed (\(errorText(error.number))): those known before stay closed, and it is tried again"
            let known = isolationInForce?.rules.interfaces ?? []
            return (rules(known.isEmpty ? firewall.closedInterfaces() : known), fault)
        }
    }

    /// Says once that not all interfaces of an isolated host are known and closed, and once that they are again. Each round
    /// tries it.
    mutating func tellUnlisted(_ desired: DesiredState) -> [String] {
        let fault = desired.isolation.flatMap { rules($0.level).fault }
        guard (fault != nil) != isUnlistedTold else { return [] }
        isUnlistedTold = fault != nil
        guard let fault else { return ["All interfaces are known and closed to raw sockets again."] }
        return ["Of the isolation, what stops raw sockets is not whole: \(fault)."]
    }

    /// Says once that the kernel refuses for now what stops raw sockets. That it does no more is told where it is tried again.
    mutating func tellRefused() -> [String] {
        guard missing.contains(.egress) != isRefusalTold else { return [] }
        isRefusalTold = missing.contains(.egress)
        guard isRefusalTold, let egressRefused else { return [] }
        return [
            "Of the isolation, what stops raw sockets may be missing, and is tried again: \(egressRefused.message)"
        ]
    }

    /// The host's own addresses, gateways and resolvers. Throws where they cannot be told: nothing is judged without them.
    func surroundings() throws(EnforceError) -> LocalPolicy.Surroundings {
        var host = LocalPolicy.Surroundings()
        do throws(NetlinkError) {
            var links = try LinkTable()
            host.own = try links.addresses()
            host.gateways = try links.gateways()
        } catch {
            throw .system("host.addresses", "The host's own addresses and gateways cannot be read", error.number)
        }
        host.resolvers = Self.resolvers
        host.controllers = controllers
        return host
    }

    /// The host's own addresses; none where they cannot be read: then connections to itself are ended too.
    var ownAddresses: Set<IPAddress> {
        guard var links = try? LinkTable() else { return [] }
        return (try? links.addresses()) ?? []
    }

    /// What isolating this host would do to it.
    func preflight() -> Preflight {
        var preflight = Preflight(ownsTables: firewall.ownsTables, isWithoutEgress: !firewall.hasEgress)
        do throws(NetlinkError) {
            var links = try LinkTable()
            preflight.interfaces = try links.interfaces().count
            for controller in controllers {
                guard let tunnel = try links.tunnel(to: controller.address) else { continue }
                preflight.tunnels.append(
                    Preflight.Tunnel(
                        controller: "\(controller.address)", interface: tunnel.interface, kind: tunnel.kind))
            }
        } catch {
            preflight.unseen = "The ways to the controller could not be looked at (\(error))."
        }
        return preflight
    }

    private static var resolvers: Set<IPAddress> {
        var found: Set<IPAddress> = []
        for path in ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"] {
            for line in (TextFile.text(path) ?? "").split(separator: "\n") {
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
                if words.count >= 2, words[0] == "nameserver", let address = IPAddress(words[1].prefix { $0 != "%" }) {
                    found.insert(address)
                }
            }
        }
        return found
    }
}
