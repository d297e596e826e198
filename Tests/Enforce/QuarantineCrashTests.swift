import CordonModel
import Glibc
import Testing

@testable import AgentEnforce

/// The quarantine's process killed at every step: real processes, real SIGKILL.
@Suite("Quarantine, killed", .enabled(if: filesObstacle == nil, "\(filesObstacle ?? "")"))
struct QuarantineCrashTests {
    private let ground: FilesGround
    private let file: String
    private let before: String

    init() throws {
        ground = try FilesGround()
        file = try FilesGround.rich(ground.files + "/dropper")
        before = try FilesGround.digest(ground.files)
    }

    /// What of the folder is there: the file as it was, or nothing.
    private enum Seen { case asBefore, nothing, other }

    private func seen() throws -> Seen {
        if try Program.must(["ls", "-A", ground.files]).isEmpty { return .nothing }
        return try FilesGround.digest(ground.files) == before ? .asBefore : .other
    }

    /// A process of its own that opens the quarantine and kills itself at the step.
    private func dies(at step: Quarantine.Step, _ verb: String) async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [
                folder = ground.quarantine as String, file = file as String, step = step as Quarantine.Step,
                verb = verb as String
            ] in
            let quarantine = try Quarantine(folder: folder) { if $0 == step { kill(getpid(), SIGKILL) } }
            switch verb {
            case "take": _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
            case "delete": _ = try quarantine.delete(file, as: FilesGround.id(1), at: FilesGround.at)
            default: _ = try quarantine.restore(FilesGround.id(1))
            }
        }
    }

    @Test(
        "taking that is killed leaves the original or a complete copy, and the next start settles it",
        arguments: [
            (Quarantine.Step.folderMade, false), (.copied, false), (.recorded, false), (.sealed, false),
            (.unlocked, false), (.claimed, true), (.held, true), (.taken, true),
        ])
    func taking(_ row: (step: Quarantine.Step, isKept: Bool)) async throws {
        await dies(at: row.step, "take")
        let quarantine = try Quarantine(folder: ground.quarantine)
        #expect(quarantine.list().count == (row.isKept ? 1 : 0))
        #expect(try seen() == (row.isKept ? .nothing : .asBefore))
        if !row.isKept { #expect(ground.leftovers.isEmpty) }
        // Either way the order can be given again, and undone.
        _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        #expect(try seen() == .nothing)
        _ = try quarantine.restore(FilesGround.id(1))
        #expect(try seen() == .asBefore)
        #expect(ground.leftovers.isEmpty)
    }

    @Test(
        "deleting that is killed leaves the original or nothing",
        arguments: [
            (Quarantine.Step.folderMade, false), (.recorded, false), (.unlocked, false), (.claimed, true),
            (.taken, true),
        ])
    func deleting(_ row: (step: Quarantine.Step, isGone: Bool)) async throws {
        await dies(at: row.step, "delete")
        let quarantine = try Quarantine(folder: ground.quarantine)
        #expect(try seen() == (row.isGone ? .nothing : .asBefore))
        #expect(ground.leftovers.isEmpty && quarantine.list().isEmpty)
    }

    @Test(
        "putting back that is killed leaves the kept copy or the file, and can be done again",
        arguments: [
            (Quarantine.Step.written, false), (.noted, false), (.placed, true), (.attributed, true),
        ])
    func restoring(_ row: (step: Quarantine.Step, isBack: Bool)) async throws {
        do {
            let quarantine = try Quarantine(folder: ground.quarantine)
            _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        }
        await dies(at: row.step, "restore")
        let quarantine = try Quarantine(folder: ground.quarantine)
        #expect(try seen() == (row.isBack ? .asBefore : .nothing))
        #expect(quarantine.list().isEmpty == row.isBack)
        _ = try quarantine.restore(FilesGround.id(1))
        #expect(try seen() == .asBefore)
        #expect(ground.leftovers.isEmpty)
    }

    @Test("a file that is replaced while it is taken stays, and so does what replaced it")
    func replaced() throws {
        let file = file
        let other = ground.files + "/other"
        try Program.must(["chattr", "-ia", file])
        let quarantine = try Quarantine(folder: ground.quarantine) { step in
            guard step == .unlocked else { return }
            _ = try? Program.run(["sh", "-c", "mv \(file) \(other) && echo new > \(file)"])
        }
        let error = #expect(throws: EnforceError.self) {
            try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        }
        #expect(error?.code == "file.changed")
        #expect(TextFile.text(file) == "new\n")
        #expect(TextFile.bytes(other)?.count == 512_010)
        #expect(ground.leftovers.isEmpty && quarantine.list().isEmpty)
    }

    @Test("a file that is written to while it is taken is left in its place")
    func written() throws {
        let file = file
        try Program.must(["chattr", "-ia", file])
        let quarantine = try Quarantine(folder: ground.quarantine) { step in
            if step == .sealed { _ = try? Program.run(["sh", "-c", "echo more >> \(file)"]) }
        }
        let error = #expect(throws: EnforceError.self) {
            try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        }
        #expect(error?.code == "file.changed")
        #expect(TextFile.bytes(file)?.suffix(5) == Array("more\n".utf8)[...])
        #expect(ground.leftovers.isEmpty)
    }

    @Test(
        "a file that its owner links or renames while it is taken is said to be in reach still, and kept",
        arguments: ["ln", "mv"])
    func survives(_ verb: String) throws {
        let (folder, hidden) = (ground.files, ".cordon-\(FilesGround.id(1))")
        try Program.must(["chattr", "-ia", file])
        let quarantine = try Quarantine(folder: ground.quarantine) { step in
            if step == .claimed { _ = try? Program.run([verb, "\(folder)/\(hidden)", "\(folder)/again"]) }
        }
        let error = #expect(throws: EnforceError.self) {
            try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        }
        #expect(error?.code == "file.survives")
        #expect(try Program.must(["ls", "-A", folder]) == "again")
        #expect(quarantine.list().map(\.path) == [file])
        _ = try quarantine.take(folder + "/again", as: FilesGround.id(2), at: FilesGround.at)
        #expect(try seen() == .nothing)
    }

    @Test("a file that is written to and given its old time back is left in its place")
    func disguised() throws {
        let file = file
        try Program.must(["chattr", "-ia", file])
        let quarantine = try Quarantine(folder: ground.quarantine) { step in
            guard step == .copied else { return }
            let script =
                "touch -r \(file) \(file).time; printf X | dd of=\(file) conv=notrunc 2>&1; touch -r \(file).time \(file)"
            _ = try? Program.run(["sh", "-c", script])
        }
        let error = #expect(throws: EnforceError.self) {
            try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        }
        #expect(error?.code == "file.changed")
        #expect(TextFile.bytes(file)?.first == UInt8(ascii: "X"))
        #expect(ground.leftovers.isEmpty)
    }

    @Test("what cannot be read in the quarantine is left as it is", arguments: ["garbage", ""])
    func unreadable(_ content: String) throws {
        do {
            let quarantine = try Quarantine(folder: ground.quarantine)
            _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        }
        let slot = "\(ground.quarantine)/\(FilesGround.id(1))"
        try Program.must(["sh", "-c", "printf '%s' '\(content)' > \(slot)/record"])
        let quarantine = try Quarantine(folder: ground.quarantine)
        #expect(quarantine.settle().map(\.outcome) == [.damaged])
        #expect(TextFile.names(in: slot).sorted() == ["record", "sealed"])
        #expect(TextFile.text(slot + "/record") == content)
        #expect(throws: EnforceError.self) { try quarantine.restore(FilesGround.id(1)) }
    }
}
