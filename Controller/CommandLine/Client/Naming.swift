internal import ArgumentParser
internal import CordonModel
internal import CordonScan

/// Hosts and cases as people name them.
extension Client {
    /// The host of an identifier or a name that only one host has.
    func host(_ name: String) async throws -> JSONValue {
        guard !name.isEmpty else {
            throw Complaint(.usage, "The host's name is empty.", "`cordon hosts` lists those there are.")
        }
        guard name.utf8.count <= 255 else {
            throw Complaint(
                .notFound, "There is no host named \(name.prefix(60))….", "`cordon hosts` lists those there are.")
        }
        if AgentID(name) != nil { return try await get("/api/v1/hosts/\(name)") }
        let found = try await list("/api/v1/hosts", [("name", name)], most: 20)
        let present = found.filter { $0["state"]?.text != "revoked" }
        let candidates = present.isEmpty ? found : present
        guard let host = candidates.first else {
            throw Complaint(.notFound, "There is no host named \(name).", "`cordon hosts` lists those there are.")
        }
        guard candidates.count == 1 else {
            let ids = candidates.compactMap { $0["id"]?.text }.joined(separator: ", ")
            throw Complaint(
                .failed, "\(candidates.count) hosts are named \(name).", "Name one by its identifier: \(ids).")
        }
        return host
    }

    /// The identifier of that host.
    func hostID(_ name: String) async throws -> String {
        guard let id = try await host(name)["id"]?.text else {
            throw Complaint(.failed, "The controller's answer names no host.")
        }
        return id
    }

    /// Names of hosts by identifier, for lists.
    func hostNames() async throws -> [String: String] {
        try await list("/api/v1/hosts", most: 10_000).reduce(into: [:]) { names, host in
            if let id = host["id"]?.text { names[id] = host["name"]?.text }
        }
    }

    /// Names of hosts, and of playbooks by their runs, for timelines and orders.
    func shownNames(of caseID: String? = nil) async throws -> TimelineNames {
        let runs = try await list("/api/v1/runs", [("case", caseID)], most: 1000)
        return TimelineNames(
            hosts: try await hostNames(),
            runs: runs.reduce(into: [:]) { names, run in
                if let id = run["id"]?.text { names[id] = run["playbook_name"]?.text }
            })
    }

    /// The task of an identifier, or the only open one of a case.
    func task(_ name: String) async throws -> JSONValue {
        if TaskID(name) != nil {
            do { return try await get("/api/v1/tasks/\(name)") } catch let complaint as Complaint
                where complaint.exit == .notFound
            {}
        }
        guard let file = try await get("/api/v1/cases/\(Percent.encoded(name))")["id"]?.text else {
            throw Complaint(.notFound, "There is no task or case \(name).")
        }
        let open = try await whole("/api/v1/tasks", [("case", file), ("state", "open")])
        guard let task = open.first else {
            throw Complaint(
                .notFound, "Nothing waits for a decision in case \(name).", "`cordon tasks` lists what waits.")
        }
        guard open.count == 1 else {
            let list = open.map { "\n  \($0["id"]?.text ?? "")  \($0["text"]?.text ?? "")" }.joined()
            throw Complaint(
                .failed, "\(open.count) tasks wait in case \(name):\(list)", "\nName one by its identifier.")
        }
        return task
    }
}

/// A span of time as people write it: `90s`, `15m`, `4h`, `30d`.
struct Span: ExpressibleByArgument, Sendable {
    let seconds: Int64

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = argument.last, let unit = units[last], let number = Int64(argument.dropLast()), number > 0
        else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.seconds = seconds
    }

    init(seconds: Int64) { self.seconds = seconds }

    var defaultValueDescription: String { Shown.duration(seconds) }
}
