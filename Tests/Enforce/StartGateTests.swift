import CLinux
import Glibc
import Synchronization
import Testing

@testable import AgentEnforce

/// The real gate, with judges of the test's own: a kernel that asks, and programs that wait.
@Suite("The guard's gate", .enabled(if: guardObstacle == nil, "\(guardObstacle ?? "")"))
struct StartGateTests {
    private let scratch: Scratch
    private let disk: MountedDisk
    private let seen = Seen()
    private let gate: StartGate

    /// What was told of answers, and what is denied by what it is.
    private final class Seen: Sendable {
        let answers = Mutex<[(number: Int64?, answer: StartGate.Answer)]>([])
        let denied = Mutex<FileKey?>(nil)

        func count(_ answer: StartGate.Answer, judged: Bool) -> Int {
            answers.withLock { $0.count { $0.answer == answer && ($0.number != nil) == judged } }
        }
    }

    init() throws {
        scratch = try Scratch()
        disk = try MountedDisk(scratch.path + "/disk")
        let seen = seen
        gate = try StartGate(
            denies: { file in
                FileStatus(descriptor: file).map { FileKey($0) == seen.denied.withLock { $0 } } ?? false
            }, told: { number, answer in seen.answers.withLock { $0.append((number, answer)) } })
        let folder = try Descriptor.folder(disk.path)
        try #require(gate.change(.mark, Int32(CLINUX_GUARD_FILE_SYSTEM), folder) == 0)
    }

    /// Starts to judge: everything is denied.
    private func judge(first prepare: @escaping @Sendable (StartGate) -> Void = { _ in }) throws {
        let gate = gate
        let isStarted = OwnThread.start {
            prepare(gate)
            while true {
                guard let question = gate.question() else { continue }
                gate.answer(question.number, .denied)
            }
        }
        try #require(isStarted)
    }

    private func letGo() {
        #expect(gate.change(.unmarkAll, Int32(CLINUX_GUARD_FILE_SYSTEM), nil) == 0)
    }

    @Test("a start whose file does not reach its judge, who has no descriptor left, is let pass at once, and told")
    func lost() throws {
        let path = try disk.program("program")
        defer { letGo() }
        let judging = Box()
        try judge { gate in
            // Its own table from here on: nobody else of this process lacks anything.
            guard clinux_own_descriptors() == 0 else { return }
            var taken: [Int32] = []
            while case let number = dup(0), number >= 0 { taken.append(number) }
            judging.set(.full)
            // What it cannot take is answered all the same.
            judging.set(gate.question() == nil ? .lost : .notLost)
            taken.forEach { close($0) }
        }
        #expect(judging.becomes(.full))
        let passed = try GuardGround.starts(path)
        #expect(passed)
        #expect(judging.becomes(.lost))
        #expect(seen.count(.unread, judged: true) == 1, "by the judge's word, not for want of one")
        let next = try GuardGround.starts(path)
        #expect(!next, "who has room again judges the next")
        #expect(gate.isAlive)
    }

    @Test(
        "more starts than can wait all pass in their time, known ones are denied, and judges who come late judge others"
    )
    func flood() throws {
        let (path, evil) = try (disk.program("program"), disk.program("evil", tail: "x"))
        seen.denied.withLock { [key = FileStatus(at: evil).map { FileKey($0) }] in $0 = key }
        defer { letGo() }
        let count = WaitingStarts.most + 40
        let (status, output) = try Program.run([
            "sh", "-c",
            #"""
            { echo "$1"; yes "$0" | head -n "$2"; } | xargs -P 400 -I{} sh -c '"$0" && echo ok || echo denied' {}
            """#, path, evil, "\(count)",
        ])
        let lines = output.split(separator: "\n").map(String.init)
        #expect(status == 0 && lines.count { $0 == "ok" } == count, "\(lines.suffix(3))")
        #expect(lines.count { $0 == "denied" } == 1)
        #expect(seen.count(.unread, judged: false) == count && seen.count(.denied, judged: false) == 1)
        #expect(gate.isAlive && gate.stuckCount > 0 && gate.stuckCount <= WaitingStarts.judges)
        // What nobody has taken waits for a judge still: its answer means nobody any more.
        let stale = gate.stuckCount
        try judge()
        let next = try GuardGround.starts(path)
        #expect(!next)
        #expect(seen.count(.unread, judged: true) == stale && gate.stuckCount == 0)
    }

    /// How far another thread has come.
    private final class Box: Sendable {
        enum Step: Equatable { case begun, full, lost, notLost }
        private let step = Mutex(Step.begun)

        func set(_ next: Step) { step.withLock { $0 = next } }

        func becomes(_ wanted: Step) -> Bool {
            for _ in 0..<1000 where step.withLock({ $0 }) != wanted { usleep(10_000) }
            return step.withLock { $0 } == wanted
        }
    }
}
