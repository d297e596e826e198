internal import ControllerAPI
internal import ControllerFleet
internal import ControllerIntake
internal import ControllerRules
internal import CordonModel
internal import CordonOrders
internal import Hummingbird

/// The hosts, and one host with what can be done to it.
extension Console {
    func addHosts(to pages: RouterGroup<RequestScope>) {
        pages.get("hosts") { request, scope in try await showHosts(request, scope) }
        pages.get("hosts/{id}") { request, scope in try await showHost(request, scope) }
        pages.post("hosts/{id}/orders") { request, scope in try await order(request, scope) }
    }

    private func showHosts(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let frame = frame("Hosts", .hosts, reader, waiting: try await waiting().count, request)
        let fleet = services.fleet
        return answer(
            HostsPage(
                try await fleet.hosts(), packages: await fleet.packagesInUse(), rollout: await fleet.rollout(),
                frame: frame, now: reader.now))
    }

    private func showHost(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let host = try await host(scope)
        let frame = frame(host.name, .hosts, reader, waiting: try await waiting().count, request)
        var page = HostPage(host, frame: frame, for: reader) { services.surroundings.identifier() }
        let query = try? FormBody(query: request)
        for subject in ["path", "sha256"].compactMap({ query?[$0].flatMap { FileSubject($0) } }) where subject.fitsForm
        {
            page.orderForms?.fill(subject)
        }
        if let rules = services.fleet.rulesInUse()[host.id] {
            let pack = try await services.rules.pack(Int64(clamping: rules.version))
            page.facts.append(
                HostPage.fact(of: rules, named: pack?.name, staged: services.rules.version(for: host.group)))
        }
        if let packages = await services.fleet.packagesInUse()[host.id] {
            let rollout = await services.fleet.rollout()
            page.facts.append(
                HostPage.fact(of: packages, rollout?.hosts[host.id], to: rollout?.plan.version))
        }
        page.facts += try await services.intake.gaps(of: host.id, limit: HostPage.gapsShown)
            .map { HostPage.fact(of: $0, now: reader.now) }
        let orders = try await services.fleet.orders(OrderFilter(agent: host.id, limit: HostPage.ordersShown))
        let names = try await services.shownNames()
        let kept = try await services.fleet.evidence(EvidenceFilter(host: host.id))
            .reduce(into: [OrderID: EvidenceRecord]()) { $0[$1.order] = $1 }
        page.orders = orders.enumerated().map { index, order in
            var fold = HostPage.OrderFold(order, names, unfolded: index == 0, now: reader.now)
            if let evidence = kept[order.id] {
                fold.brought = EvidenceLine(evidence, host: nil, mayRead: reader.may(.responder))
            }
            return fold
        }
        return answer(page)
    }

    private func host(_ scope: RequestScope) async throws -> HostRecord {
        guard let id = scope.parameters.get("id").flatMap({ AgentID($0) }) else { throw Problem.noSuchPage }
        guard let host = try await services.fleet.host(id) else { throw FleetError.unknownHost(id) }
        return host
    }

    private func order(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .responder)
        let host = try await host(scope)
        guard let id = form["order"].flatMap({ OrderID($0) }) else { throw Problem.badForm }
        guard let reason = form.text("reason") else {
            throw Problem.formField("reason", "An order needs a reason: it stands in the audit chain and on the host.")
        }
        if let undone = form["undone"].flatMap({ OrderID($0) }) {
            // The form was made of what the host says of itself. It may name neither another's order nor another kind's: an
            // undo that reads “thaw” must not release.
            guard let done = try await services.fleet.order(undone), done.order.agent == host.id,
                done.order.action.kind.rawValue == form["did"]
            else { throw Problem.badForm }
            _ = try await services.fleet.undo(of: undone, as: id, reason: reason, by: reader.principal)
        } else {
            let request = OrderRequest(id: id, agent: host.id, action: try action(form), reason: reason)
            _ = try await services.fleet.submit(request, by: reader.principal)
        }
        return .redirect(to: LocalPath("/hosts/\(host.id)").saying("ordered"), type: .normal)
    }

    private func action(_ form: FormBody) throws(Problem) -> Action {
        switch form["action"].flatMap({ ActionKind(rawValue: $0) }) {
        case .isolate:
            .isolate(
                Isolation(duration: try duration(form), releaseWhenLost: try loss(form), level: try level(form)))
        case .release: .release
        case .blockAddress: .blockAddress(try block(form))
        case .unblockAddress: .unblockAddress(try network(form))
        case .collectFile: try collection(form)
        case .quarantineFile: try fileAction(form, .quarantineFile)
        case .blockExecutable: try fileAction(form, .blockExecutable)
        case .triage: .triage(Triage())
        case .liveTable: try table(form)
        default: throw .badForm
        }
    }

    private func collection(_ form: FormBody) throws(Problem) -> Action {
        let path = try form.path("path")
        do {
            return try Action(
                kind: ActionKind.collectFile.rawValue, parameters: ["path": .text(path ?? "")])
        } catch { throw .formField("path", error.message) }
    }

    /// A file or a program by its path, or by what it holds.
    private func fileAction(_ form: FormBody, _ kind: ActionKind) throws(Problem) -> Action {
        var parameters: [String: FieldValue] = [:]
        parameters["path"] = try form.path("path").map { .text($0) }
        parameters["sha256"] = form.text("sha256").map { .text($0) }
        if kind == .blockExecutable {
            parameters["duration_s"] = .number(try duration(form).wholeSeconds)
        } else if form["linked"] == "take" {
            parameters["even_if_linked"] = .flag(true)
        }
        do { return try Action(kind: kind.rawValue, parameters: parameters) } catch {
            throw .formField(error.parameter ?? "path", error.message)
        }
    }

    private func table(_ form: FormBody) throws(Problem) -> Action {
        guard let name = form["table"].flatMap({ LiveTable.Name(rawValue: $0) }) else {
            throw .formField("table", "There is no such table.")
        }
        return .liveTable(LiveTable(name: name))
    }

    private func level(_ form: FormBody) throws(Problem) -> Isolation.Level {
        guard let word = form["level"] else { return .networkAndRaw }
        guard let level = Isolation.Level(rawValue: word) else {
            throw .formField(
                "level", "A level is one of \(Isolation.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return level
    }

    private func block(_ form: FormBody) throws(Problem) -> AddressBlock {
        var ports: [PortRange] = []
        if let text = form.text("ports") {
            guard let list = PortRange.list(text) else {
                throw .formField("ports", "That is no list of ports, as tcp/22,udp/1000-2000.")
            }
            ports = list
        }
        let words = AddressBlock.Direction.allCases.map(\.rawValue).joined(separator: ", ")
        guard let direction = AddressBlock.Direction(rawValue: form["direction"] ?? "both") else {
            throw .formField("direction", "A direction is one of \(words).")
        }
        return AddressBlock(
            network: try network(form), duration: try duration(form), ports: ports, direction: direction)
    }

    /// What happens when the controller is lost: `nil` for a host that stays isolated.
    private func loss(_ form: FormBody) throws(Problem) -> Duration? {
        switch form["lost"] {
        case nil, "stay": return nil
        case "3600": return .seconds(3600)
        case "86400": return .seconds(86_400)
        default: throw .formField("lost", "The form names no time that there is to choose.")
        }
    }

    private func duration(_ form: FormBody) throws(Problem) -> Duration {
        guard let seconds = form["duration"].flatMap({ Int64($0) }),
            let duration = HostPage.OrderForms.durations.first(where: { $0.wholeSeconds == seconds })
        else { throw .formField("duration", "The form names no duration that there is to choose.") }
        return duration
    }

    private func network(_ form: FormBody) throws(Problem) -> Network {
        guard let network = form.text("network").flatMap({ Network($0) }) else {
            throw .formField(
                "network", "That is not an IPv4 or IPv6 address or network, as 203.0.113.7 or 2001:db8::/32.")
        }
        return network
    }
}
