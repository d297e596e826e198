import Glibc

/// How many events a second come from a file and from the journal to where nothing can lose them, and what it costs.
///
/// Each contender runs in a process of its own, beside rsyslog with the same work and the same care: what counts as done
/// is on the disk. Both share the machine; the figures hold for it.
@main
enum CollectBench {
    static func main() async throws {
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "cordon", arguments.count == 5, let events = Int(arguments[4]) {
            try await CordonRun(kind: arguments[1], input: arguments[2], folder: arguments[3], events: events).run()
            return
        }
        let options = try Options(arguments)
        let folder = "/tmp/cordon-bench-collect-\(getpid())"
        try Shell.run(["/bin/mkdir", "-p", folder])
        defer { try? Shell.run(["/bin/rm", "-rf", folder]) }
        let work = try Workload(folder: folder, events: options.events)
        let rsyslog = Rsyslog(folder: folder)
        let shipping = CordonShipping(folder: folder)
        let crowdsec = CrowdSec(folder: folder)
        for (name, isThere) in [
            ("rsyslog", rsyslog != nil), ("crowdsec", crowdsec != nil), ("cordon-agent", shipping != nil),
        ]
        where !isThere {
            remark("\(name) is not here: its rows are left out")
        }
        if work.journal == nil { remark("systemd-journal-remote is not here: the journal's rows are left out") }
        for source in ["file", "journal"] where source == "file" || work.journal != nil {
            let input = source == "file" ? work.file : work.journal ?? ""
            for leg in CordonRun.legs {
                try attempt(options) { try Contender.cordon(source, leg, input, work) }
            }
            if let shipping { try attempt(options) { try shipping.measure(source, input, work) } }
            if source == "file", let crowdsec { try attempt(options) { try crowdsec.measure(input, work) } }
            for leg in rsyslog?.legs ?? [] {
                try attempt(options) { try rsyslog?.measure(source, leg, input, work) }
            }
        }
    }

    /// A run that fails costs its row, and says why.
    private static func attempt(_ options: Options, _ run: () throws -> Figures?) throws {
        do {
            if let figures = try run() { report(figures, options) }
        } catch let error as BenchError {
            remark(error.description)
        }
    }

    private static func remark(_ text: String) {
        let line = Array("bench collect: \(text)\n".utf8)
        _ = unsafe write(2, line, line.count)
    }

    private static func report(_ figures: Figures, _ options: Options) {
        // At once, also into a file.
        let line = Array(((options.isJSON ? figures.json : figures.words) + "\n").utf8)
        _ = unsafe write(1, line, line.count)
    }
}

/// What was asked for.
struct Options {
    var isJSON = false
    var events = 300_000

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--json": isJSON = true
            case "--events":
                guard let count = rest.popFirst().flatMap({ Int($0) }), count >= 1000 else {
                    throw BenchError("--events COUNT, at least 1000")
                }
                events = count
            default: throw BenchError("bench collect [--json] [--events COUNT]")
            }
        }
    }
}

struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }
}
