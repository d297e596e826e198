import AgentCollect
import CordonModel
import Testing

/// Logs that were rotated while the agent was dead.
@Suite("Generations of a log that nobody saw", .timeLimit(.minutes(1)))
struct FileGenerationTests {
    let scratch: Scratch
    let deliveries = Deliveries()

    init() throws { scratch = try Scratch() }

    /// What was done to the log after a line was written to it.
    enum Rotation { case rename, copyTruncate }

    private func source() -> FileSource {
        FileSource(path: scratch.file("auth.log"), start: .beginning, surroundings: surroundings)
    }

    private func line(_ number: Int) -> String { "line \(number) of the log" }

    private func rotate(_ rotation: Rotation, _ number: Int, generations: Int) async throws {
        // The clock of a file system goes in steps.
        try await Task.sleep(for: .milliseconds(20))
        try scratch.append("auth.log", line(number) + "\n")
        for older in (1..<max(1, generations)).reversed() {
            try scratch.rename("auth.log.\(older)", to: "auth.log.\(older + 1)")
        }
        switch rotation {
        case .rename:
            try scratch.rename("auth.log", to: "auth.log.1")
            try scratch.append("auth.log", "")
        case .copyTruncate:
            let lines = number == 2 && generations == 1 ? [1, 2] : [number]
            try scratch.append("auth.log.1", lines.map { line($0) + "\n" }.joined())
            try scratch.truncate("auth.log")
        }
    }

    @Test(
        "every generation is read once and in order, however the log was rotated",
        arguments: [
            [Rotation.rename], [.rename, .rename], [.rename, .rename, .rename], [.copyTruncate],
            [.copyTruncate, .copyTruncate], [.rename, .copyTruncate], [.copyTruncate, .rename],
            [.rename, .copyTruncate, .rename, .copyTruncate],
        ])
    func deadWhileRotated(rotations: [Rotation]) async throws {
        try scratch.append("auth.log", line(1) + "\n")
        try await following(source(), into: deliveries) { await deliveries.wait(for: 1) }
        for (index, rotation) in rotations.enumerated() {
            try await rotate(rotation, index + 2, generations: index + 1)
        }
        let last = rotations.count + 2
        try scratch.append("auth.log", line(last) + "\n")
        let position = await deliveries.position
        try await following(source(), from: position, into: deliveries) {
            await deliveries.wait(for: last)
            await deliveries.settle()
        }
        #expect(await deliveries.lines == (1...last).map { line($0) })
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test(
        "the same with a position in a file that was empty yet",
        arguments: [[Rotation.copyTruncate], [.copyTruncate, .copyTruncate], [.copyTruncate, .rename]])
    func emptyAtTheTime(rotations: [Rotation]) async throws {
        let ending = FileSource(path: scratch.file("auth.log"), start: .end, surroundings: surroundings)
        try scratch.append("auth.log", "")
        try await following(ending, into: deliveries) {
            while await deliveries.position == nil { try await Task.sleep(for: .milliseconds(5)) }
        }
        // The clock of a file system goes in steps.
        try await Task.sleep(for: .milliseconds(50))
        for (index, rotation) in rotations.enumerated() {
            try await rotate(rotation, index + 3, generations: index + 1)
        }
        let last = rotations.count + 3
        try scratch.append("auth.log", line(last) + "\n")
        let position = await deliveries.position
        try await following(source(), from: position, into: deliveries) {
            await deliveries.wait(for: last - 2)
            await deliveries.settle()
        }
        #expect(await deliveries.lines == (3...last).map { line($0) })
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test("where a generation between is gone, or the one that was read, a gap tells", arguments: [2, 3])
    func gone(generation: Int) async throws {
        try scratch.append("auth.log", line(1) + "\n")
        try await following(source(), into: deliveries) { await deliveries.wait(for: 1) }
        for index in 0..<3 { try await rotate(.rename, index + 2, generations: index + 1) }
        try scratch.rename("auth.log.\(generation)", to: "elsewhere")
        try scratch.append("auth.log", line(5) + "\n")
        let position = await deliveries.position
        try await following(source(), from: position, into: deliveries) {
            await deliveries.wait(for: 5)
            await deliveries.settle()
        }
        #expect(await deliveries.gaps.count == 1)
        let expected = [2, 3, 4, 5].filter { $0 != 5 - generation }
        #expect(await deliveries.lines == [1].map { line($0) } + expected.map { line($0) })
    }
}
