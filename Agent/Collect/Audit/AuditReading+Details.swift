internal import CordonModel

extension AuditReading {
    /// What the other records of the event say: arguments, folder, files, addresses.
    func explain(_ event: AuditEvent, _ call: String?, _ fields: inout EventFields) {
        fields.set(.processWorkingDirectory, event.first("CWD")?.text("cwd"))
        let title = event.first("PROCTITLE")?.bytes("proctitle").map(Self.title)
        fields.set(.processTitle, title)
        if let arguments = AuditArguments(event.records) {
            fields.set(.processArguments, arguments.values)
            fields[.processArgumentCount] = .number(arguments.count)
            fields[.processCommandLine] = .text(arguments.commandLine)
        } else if call == "execve" || call == "execveat" {
            // Cut at 128 bytes: better than nothing.
            fields.set(.processCommandLine, title)
        }
        files(event, call, &fields)
        for record in event.records where record.type == "SOCKADDR" { address(record, call, &fields) }
    }

    /// The kernel separates the words of a title by NUL.
    static func title(_ bytes: [UInt8]) -> String {
        var words = bytes.split(separator: 0, omittingEmptySubsequences: false)
        while words.last?.isEmpty == true { words.removeLast() }
        return AuditText.text(Array(words.joined(separator: [0x20])))
    }

    // MARK: - Files

    private func files(_ event: AuditEvent, _ call: String?, _ fields: inout EventFields) {
        let paths = event.records.filter { $0.type == "PATH" }
        guard !paths.isEmpty else { return }
        let folder = fields.text(.processWorkingDirectory)
        fields.set(.auditPaths, paths.compactMap { $0.text("name") }.map { Self.absolute($0, in: folder) })
        guard case .texts(let category)? = fields[.eventCategory], category.contains("file") else { return }
        guard let path = Self.object(of: paths, call), let name = path.text("name") else { return }
        let whole = Self.absolute(name, in: folder)
        fields.set(path: whole)
        if call?.hasPrefix("rename") == true || call == "link" || call == "linkat" {
            let other = paths.last { Self.kind($0) == "CREATE" }?.text("name").map { Self.absolute($0, in: folder) }
            if other != whole { fields.set(.fileTargetPath, other) }
        }
        fields.set(.fileInode, path.text("inode"))
        if let mode = path.text("mode").flatMap({ Int64($0, radix: 8) }) {
            let permissions = String(mode & 0o7777, radix: 8)
            fields[.fileMode] = .text(String(repeating: "0", count: max(0, 4 - permissions.count)) + permissions)
        }
        fields.set(.fileUID, path.identity("ouid").map { String($0) })
        fields.set(.fileGID, path.identity("ogid").map { String($0) })
        fields.set(.fileOwner, path.identity("ouid").flatMap { named($0, "ouid", in: path) })
        fields.set(.fileGroup, path.identity("ogid").flatMap { path.text("OGID") ?? users.group($0) })
    }

    /// Which of the files is meant: what was renamed or deleted, else what came to be, else the last that is no folder
    /// around it.
    private static func object(of paths: [AuditRecord], _ call: String?) -> AuditRecord? {
        let deleted = paths.last { kind($0) == "DELETE" }
        if call?.hasPrefix("rename") == true, let deleted { return deleted }
        return paths.last { kind($0) == "CREATE" } ?? deleted ?? paths.last { kind($0) == "NORMAL" }
            ?? paths.last { kind($0) != "PARENT" } ?? paths.first
    }

    /// Older kernels say `objtype`.
    private static func kind(_ path: AuditRecord) -> String? { path.text("nametype") ?? path.text("objtype") }

    private static func absolute(_ path: String, in folder: String?) -> String {
        guard let folder, path.first != "/", path.first != "@" else { return path }
        let name = path.hasPrefix("./") ? path.dropFirst(2) : path[...]
        return (folder.hasSuffix("/") ? folder : folder + "/") + name
    }

    // MARK: - Addresses

    private func address(_ record: AuditRecord, _ call: String?, _ fields: inout EventFields) {
        guard let address = record.bytes("saddr").flatMap({ AuditSocketAddress($0) }) else { return }
        let isSource = ["accept", "accept4", "recvfrom", "recvmsg", "bind", "getsockname"].contains(call)
        switch address {
        case .internet(let address, let port):
            fields[isSource ? .sourceIP : .destinationIP] = .text("\(address)")
            fields[isSource ? .sourceAddress : .destinationAddress] = .text("\(address)")
            fields[isSource ? .sourcePort : .destinationPort] = .number(port)
            fields[.networkType] = .text(address.width == 32 ? "ipv4" : "ipv6")
            switch call {
            case "accept", "accept4", "recvfrom", "recvmsg": fields[.networkDirection] = .text("ingress")
            case "connect", "sendto", "sendmsg": fields[.networkDirection] = .text("egress")
            default: break
            }
        case .local(let path):
            fields[isSource ? .sourceAddress : .destinationAddress] = .text(path)
            fields[.networkTransport] = .text("unix")
        case .other:
            break
        }
    }
}

extension EventFields {
    /// A file's path, and what follows from it.
    mutating func set(path: String) {
        self[.filePath] = .text(path)
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return }
        let name = path[path.utf8.index(after: slash)...]
        let folder = path[..<slash]
        self[.fileDirectory] = .text(folder.isEmpty ? "/" : String(folder))
        guard !name.isEmpty else { return }
        self[.fileName] = .text(String(name))
        if let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex {
            set(.fileExtension, String(name[name.utf8.index(after: dot)...]))
        }
    }
}
