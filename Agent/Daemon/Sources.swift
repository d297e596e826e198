internal import AgentCollect
internal import CordonModel

extension AgentSettings {
    /// The sources that the settings name. One that cannot be read says so in the log, and does not hold up the others.
    func sources(_ surroundings: Surroundings) -> [any Source] {
        // One for all: a process that one source saw start is another's parent.
        let (users, processes) = (UserNames(), ProcessTable(readsProc: true))
        let reading = AuditReading(users: users, processes: processes)
        var sources: [any Source] = files.map { entry in
            let lines = FileSource(
                path: entry.path, start: entry.start, includesRotated: entry.includesRotated,
                surroundings: surroundings)
            guard entry.format != .audit else {
                return AuditSource(lines: lines, reading: reading, surroundings: surroundings)
            }
            return FormattedSource(lines, format: entry.format)
        }
        if let journal {
            sources.append(
                JournalSource(
                    journal.scope, identifiers: journal.identifiers, start: journal.start, surroundings: surroundings))
        }
        if let audit {
            sources.append(
                AuditSource(lines: audit.lines(surroundings), reading: reading, surroundings: surroundings))
        }
        if readsConnector, let entry = self.processes {
            sources.append(
                ProcessSource(
                    users: users, processes: processes, tellsEnds: entry.tellsEnds, surroundings: surroundings))
        }
        if let sockets {
            sources.append(
                SocketSource(
                    users: users, processes: processes, interval: sockets.interval, seesLoopback: sockets.seesLoopback,
                    surroundings: surroundings))
        }
        if let integrity {
            sources.append(
                IntegritySource(
                    watched: integrity.paths, baseline: integrityFile, interval: integrity.interval,
                    users: users, surroundings: surroundings))
        }
        return sources
    }
}

extension AgentSettings.AuditEntry {
    /// The source of the single records.
    fileprivate func lines(_ surroundings: Surroundings) -> any Source {
        switch self {
        case .file(let path, let start): FileSource(path: path, start: start, surroundings: surroundings)
        case .netlink: AuditNetlink(surroundings: surroundings)
        }
    }
}
