internal import Glibc

/// A program of a lab that goes on until it is stopped.
package final class Daemon: Sendable {
    /// Where what it prints goes.
    package let log: String
    private let name: String
    private let child: Child
    private let lab: Lab

    init(_ child: Child, name: String, log: String, lab: Lab) {
        self.child = child
        self.name = name
        self.log = log
        self.lab = lab
    }

    deinit { kill() }

    /// Waits until its log holds a text.
    @discardableResult
    package func says(_ text: String, within patience: Duration = .seconds(20)) throws -> Daemon {
        let said = try Waiting.becomes(within: patience) {
            if Scratch.text(of: log).contains(text) { return true }
            if let status = child.ended { throw TestFailure("\(name) ended with \(status): \(tail)") }
            return false
        }
        guard said else { throw TestFailure("\(name) did not say “\(text)” within \(patience); it said: \(tail)") }
        return self
    }

    /// The exit status, if it has ended.
    package var ended: Int32? { child.ended }

    /// Waits for its end by itself.
    package func end(within patience: Duration = .seconds(15)) throws -> Int32 {
        try Waiting.until("the end of \(name)", within: patience) { child.ended }
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    package func kill() { send("KILL") }

    /// Asks it to stop, and waits until it has.
    package func stop() { send("TERM") }

    /// The last lines of its log.
    package var tail: String { Scratch.text(of: log).split(separator: "\n").suffix(6).joined(separator: "\n") }

    /// The process of the program itself, as this process's namespace numbers it.
    package func process() throws -> Int32 { try Lab.onlyChild(of: child.pid) }

    private func send(_ signal: String) {
        guard child.ended == nil, let inner = try? number() else { return }
        _ = try? lab.command(["kill", "-\(signal)", inner]).run()
        _ = Waiting.becomes(within: .seconds(15)) { child.ended != nil }
    }

    /// The number of the program itself, as the lab numbers it; the child is what entered the lab.
    private func number() throws -> String {
        let outer = try Lab.onlyChild(of: child.pid)
        let status = Scratch.text(of: "/proc/\(outer)/status").split(separator: "\n")
        guard let line = status.first(where: { $0.hasPrefix("NSpid:") }), let last = line.split(separator: "\t").last
        else {
            throw TestFailure("process \(outer) is gone")
        }
        return String(last)
    }
}
