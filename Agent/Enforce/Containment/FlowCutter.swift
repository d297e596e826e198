internal import AgentNetlink
internal import CordonModel
internal import CordonOrders

/// Ends what is connected: sockets of this host, and flows that the kernel tracks for others.
struct FlowCutter {
    /// What was ended.
    struct Count: Equatable {
        var sockets = 0
        var flows = 0
        /// Why sockets or flows could not be ended, if they could not.
        var fault: String?

        static func += (left: inout Count, right: Count) {
            left.sockets += right.sockets
            left.flows += right.flows
            left.fault = left.fault ?? right.fault
        }
    }

    let agentUser: UInt32
    let controllers: [Endpoint]

    /// Ends every TCP socket but those that stay on the host and the agent's own to a controller.
    func cutSockets(own: Set<IPAddress>) -> Count {
        destroy { socket in
            !socket.isLocal(own: own)
                && !(socket.user == agentUser && controllers.contains(Endpoint(socket.remote, port: socket.remotePort)))
        }
    }

    /// Forgets every flow but those that stay on the host and those to a controller.
    func cutFlows(own: Set<IPAddress>) -> Count {
        forget { flow in
            !flow.addresses.allSatisfy { $0.isLoopback || own.contains($0) }
                && !(flow.transport == 6
                    && controllers.contains(Endpoint(flow.destination, port: flow.destinationPort)))
        }
    }

    /// Ends everything that is connected with one of the networks.
    func cut(_ networks: [Network]) -> Count {
        let hosts = Set(networks.filter(\.isSingleAddress).map(\.address))
        let wide = networks.filter { !$0.isSingleAddress }
        let isMeant = { (address: IPAddress) in hosts.contains(address) || wide.contains { $0.contains(address) } }
        return cut(where: isMeant)
    }

    private func cut(where isMeant: (IPAddress) -> Bool) -> Count {
        var count = destroy { isMeant($0.remote) }
        count += forget { $0.addresses.contains(where: isMeant) }
        return count
    }

    /// Ends every TCP socket that the user opened, those that stay on the host among them.
    func cut(user: UInt32) -> Count { destroy { $0.user == user } }

    /// Ends everything that is connected with a network of the list.
    func cut(_ list: AddressList) -> Count {
        let networks = ApartNetworks(list.networks)
        return cut(where: networks.contains)
    }

    /// Ends what is connected that a block by ports or direction stops.
    func cut(_ block: AddressBlock) -> Count {
        let hasPort = { (transport: UInt8, port: UInt16) in
            block.ports.isEmpty
                || block.ports.contains { $0.transport.number == transport && $0.first <= port && port <= $0.last }
        }
        let (comes, goes) = (block.direction != .outward, block.direction != .inward)
        var count = destroy { socket in
            block.network.contains(socket.remote)
                && (comes && hasPort(6, socket.localPort) || goes && hasPort(6, socket.remotePort))
        }
        count += forget { flow in
            // Both ways of a flow are packets of their own, each with a port that it goes to.
            flow.ways.contains { way in
                comes && block.network.contains(way.source) && hasPort(flow.transport, way.port)
                    || goes && block.network.contains(way.destination) && hasPort(flow.transport, way.port)
            }
        }
        return count
    }

    private func forget(where meant: (ConnectionTracking.Flow) -> Bool) -> Count {
        do {
            var tracking = try ConnectionTracking()
            return Count(flows: tracking.delete(where: meant))
        } catch {
            return Count(fault: "tracked flows could not be ended: \(errorText(error.number))")
        }
    }

    private func destroy(where meant: (TCPSocket) -> Bool) -> Count {
        do {
            var diagnostics = try SocketDiagnostics()
            let sockets = try diagnostics.connections().filter(meant)
            return Count(sockets: try diagnostics.destroy(sockets))
        } catch {
            return Count(fault: "sockets could not be ended: \(errorText(error.number))")
        }
    }
}
