import CLinux
import CordonModel
import CordonTrust
import Glibc
import Synchronization
import Testing

@testable import AgentEnforce

/// Taking files away, keeping them, and putting them back, on real file systems.
@Suite("Quarantine", .enabled(if: filesObstacle == nil, "\(filesObstacle ?? "")"))
struct QuarantineTests {
    private let ground: FilesGround
    private let file: String

    init() throws {
        ground = try FilesGround()
        file = ground.files + "/dropper"
    }

    private func quarantine(_ limits: Quarantine.Limits = .init()) throws -> Quarantine {
        try Quarantine(folder: ground.quarantine, limits: limits)
    }

    @Test("a file that is put back is the same in bytes, owner, mode, times, attributes and flags, and nothing is kept")
    func roundTrip() throws {
        try FilesGround.rich(file)
        try ground.scratch.file("files/bystander", "here")
        let before = try FilesGround.digest(ground.files)
        let quarantine = try quarantine()
        let taken = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        #expect(TextFile.names(in: ground.files) == ["bystander"])
        #expect(taken.mode == 0o6751 && taken.user == 4242 && taken.group == 4343 && taken.wasLocked)
        #expect(taken.attributes.contains("security.capability"))
        #expect(quarantine.list() == [taken])
        #expect(try quarantine.restore(FilesGround.id(1)) == taken)
        #expect(try FilesGround.digest(ground.files) == before)
        #expect(ground.leftovers.isEmpty && quarantine.list().isEmpty)
        #expect(try quarantine.restore(FilesGround.id(1)) == nil)
    }

    @Test("a file of another file system is taken and put back alike")
    func otherFileSystem() throws {
        let mount = try TemporaryMount(ground.scratch.path + "/mount")
        let file = try FilesGround.rich(mount.path + "/dropper")
        let before = try FilesGround.digest(mount.path)
        let quarantine = try quarantine()
        _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        #expect(unsafe access(file, F_OK) != 0)
        _ = try quarantine.restore(FilesGround.id(1))
        #expect(try FilesGround.digest(mount.path) == before)
    }

    @Test("the kept copy is root's alone, cannot be started, and has no byte of the file at its beginning")
    func sealed() throws {
        try FilesGround.rich(file, locked: false)
        let quarantine = try quarantine()
        _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        let copy = "\(quarantine.path)/\(FilesGround.id(1))/sealed"
        var status = stat()
        #expect(unsafe stat(copy, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o400 && status.st_uid == 0)
        #expect(unsafe stat(quarantine.path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o700)
        let content = try #require(TextFile.bytes(copy))
        #expect(content.starts(with: "CORDON QUARANTINE".utf8))
        #expect(!content.contains(subsequence: Array("#!/bin/sh".utf8)))
        try Program.must(["chmod", "755", copy])
        #expect(try Program.run(["setpriv", copy]).status != 0)
    }

    @Test("the hash that the order says is the open file's, or nothing is done")
    func expected() throws {
        try ground.scratch.file("files/dropper", "evil")
        let quarantine = try quarantine()
        let right = Fingerprint(of: Array("evil".utf8)).bytes
        let error = #expect(throws: EnforceError.self) {
            try quarantine.take(
                file, as: FilesGround.id(1), at: FilesGround.at, expecting: Fingerprint(of: Array("good".utf8)).bytes)
        }
        #expect(error?.code == "file.not_the_same")
        #expect(TextFile.text(file) == "evil" && ground.leftovers.isEmpty)
        let taken = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at, expecting: right)
        #expect(taken.sha256 == right && taken.size == 4)
    }

    @Test(
        "what is no plain file of its own path is refused, and left alone",
        arguments: [
            ("link", "built-in: link"), ("linked/inner", "built-in: link"), ("folder", "built-in: file type"),
            ("pipe", "built-in: file type"), ("device", "built-in: file type"), ("twin", "built-in: hard links"),
            ("large", "built-in: file size"), ("./large", "built-in: path"), ("../files/large", "built-in: path"),
            ("/large", "built-in: path"),
            // One `Character` with the slash before it, and yet a name of its own for the kernel.
            ("linked/\u{301}inner", "built-in: link"), ("real/../\u{301}inner", "built-in: path"),
        ])
    func refused(_ row: (name: String, rule: String)) throws {
        try Program.must([
            "sh", "-c",
            """
            cd \(ground.files) && mkdir folder real && echo x > real/inner && ln -s real linked && ln -s real/inner link
            mkfifo pipe && mknod device c 1 3 && echo x > twin && ln twin other && head -c 4097 /dev/zero > large
            echo x > real/\u{301}inner && echo x > \u{301}inner
            """,
        ])
        let before = try Program.must(["ls", "-lnR", ground.files])
        var limits = Quarantine.Limits()
        limits.fileBytes = 4096
        let quarantine = try quarantine(limits)
        for isDeletion in [false, true] {
            let refusal = #expect(throws: Refusal.self) {
                let path = "\(ground.files)/\(row.name)"
                _ =
                    try isDeletion
                    ? quarantine.delete(path, as: FilesGround.id(1), at: FilesGround.at)
                    : quarantine.take(path, as: FilesGround.id(1), at: FilesGround.at)
            }
            #expect(refusal?.rule == row.rule)
        }
        #expect(try Program.must(["ls", "-lnR", ground.files]) == before)
        #expect(ground.leftovers.isEmpty)
    }

    @Test("what is held can be asked while a file is being taken: nobody waits for the copying")
    func listWhileTaking() throws {
        try ground.scratch.file("files/dropper", "evil")
        try ground.scratch.file("files/other", "evil too")
        let asked = Mutex<(quarantine: Quarantine?, answers: [Int])>((nil, []))
        let quarantine = try Quarantine(folder: ground.quarantine) { step in
            guard step == .copied, let quarantine = asked.withLock({ $0.quarantine }) else { return }
            let count = quarantine.list().count
            asked.withLock { $0.answers.append(count) }
        }
        asked.withLock { $0.quarantine = quarantine }
        _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        _ = try quarantine.take(ground.files + "/other", as: FilesGround.id(2), at: FilesGround.at)
        #expect(asked.withLock { $0.answers } == [0, 1])
        #expect(quarantine.list().count == 2)
        asked.withLock { $0.quarantine = nil }
    }

    @Test("a file with more attributes than can be kept is not taken, and can be deleted")
    func manyAttributes() throws {
        let mount = try TemporaryMount(ground.scratch.path + "/mount")
        let file = mount.path + "/dropper"
        let script = """
            import os, sys
            open(sys.argv[1], 'w').write('evil')
            for n in range(9): os.setxattr(sys.argv[1], f'user.{n}', b'x' * 60000)
            """
        // Where the file system takes no such pile, there is nothing to show.
        guard try Program.run(["python3", "-c", script, file]).status == 0 else { return }
        let quarantine = try quarantine()
        let error = #expect(throws: EnforceError.self) {
            try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        }
        #expect(error?.code == "file.attributes")
        #expect(try quarantine.delete(file, as: FilesGround.id(1), at: FilesGround.at).size == 4)
        #expect(unsafe access(file, F_OK) != 0)
    }

    @Test("the kernel's own files, relative paths and the quarantine's files are refused")
    func otherwiseRefused() throws {
        try ground.scratch.file("files/dropper", "evil")
        let quarantine = try quarantine()
        _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        try ground.scratch.file("quarantine/stray", "")
        let rows = [
            ("/proc/sys/kernel/hostname", "built-in: file system"),
            ("/sys/kernel/uevent_seqnum", "built-in: file system"),
            ("dropper", "built-in: path"), ("", "built-in: path"), ("/", "built-in: path"),
            ("\(quarantine.path)/stray", "built-in: quarantine"),
            ("\(quarantine.path)/\(FilesGround.id(1))/sealed", "built-in: quarantine"),
        ]
        for (path, rule) in rows {
            let refusal = #expect(throws: Refusal.self) {
                try quarantine.delete(path, as: FilesGround.id(2), at: FilesGround.at)
            }
            #expect(refusal?.rule == rule, "\(path)")
        }
        #expect(quarantine.list().count == 1)
    }

    @Test("a file with other names is taken when that is meant, and its other names stay as they were")
    func linked() throws {
        try FilesGround.rich(file)
        try Program.must([
            "sh", "-c", "cd \(ground.files) && chattr -ia dropper && ln dropper other && chattr +i other",
        ])
        let quarantine = try quarantine()
        let taken = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at, evenIfLinked: true)
        #expect(taken.otherNames == 1)
        #expect(TextFile.names(in: ground.files) == ["other"])
        #expect(try Program.must(["lsattr", ground.files + "/other"]).prefix { $0 != " " }.contains("i"))
    }

    @Test("what is at the path now is never overwritten, and the file stays kept")
    func occupied() throws {
        try ground.scratch.file("files/dropper", "evil")
        let quarantine = try quarantine()
        let taken = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        try ground.scratch.file("files/dropper", "mine")
        let error = #expect(throws: EnforceError.self) { try quarantine.restore(FilesGround.id(1)) }
        #expect(error?.code == "file.exists")
        #expect(TextFile.text(file) == "mine" && quarantine.list() == [taken])
        #expect(TextFile.names(in: ground.files) == ["dropper"])
    }

    @Test("a kept copy that was damaged is not put back, and not removed")
    func damaged() throws {
        try ground.scratch.file("files/dropper", "evil")
        let quarantine = try quarantine()
        _ = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        let copy = "\(quarantine.path)/\(FilesGround.id(1))/sealed"
        try Program.must(["sh", "-c", "printf x | dd of=\(copy) bs=1 seek=38 conv=notrunc 2>&1"])
        let error = #expect(throws: EnforceError.self) { try quarantine.restore(FilesGround.id(1)) }
        #expect(error?.code == "quarantine.damaged")
        #expect(unsafe access(file, F_OK) != 0 && access(copy, F_OK) == 0)
        #expect(try Program.must(["ls", "-A", ground.files]).isEmpty)
    }

    @Test("a repeated order is carried out once, and another file by the same identifier is refused")
    func repeated() throws {
        try ground.scratch.file("files/dropper", "evil")
        try ground.scratch.file("files/second", "good")
        let quarantine = try quarantine()
        let taken = try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at)
        #expect(try quarantine.take(file, as: FilesGround.id(1), at: FilesGround.at) == taken)
        let error = #expect(throws: EnforceError.self) {
            try quarantine.take(ground.files + "/second", as: FilesGround.id(1), at: FilesGround.at)
        }
        #expect(error?.code == "quarantine.id_used")
        #expect(TextFile.text(ground.files + "/second") == "good")
    }

    @Test("a deleted file is gone, and nothing is kept")
    func deleted() throws {
        try FilesGround.rich(file)
        let quarantine = try quarantine()
        let gone = try quarantine.delete(file, as: FilesGround.id(1), at: FilesGround.at)
        #expect(gone.path == file && gone.wasLocked)
        #expect(try Program.must(["ls", "-A", ground.files]).isEmpty)
        #expect(ground.leftovers.isEmpty && quarantine.list().isEmpty)
        let error = #expect(throws: EnforceError.self) {
            try quarantine.delete(file, as: FilesGround.id(1), at: FilesGround.at)
        }
        #expect(error?.code == "file.gone")
    }

    @Test("who runs a file is known before it is taken, by whatever name they started it")
    func running() throws {
        try Program.must(["sh", "-c", "cp /bin/sleep \(file) && ln \(file) \(file)2"])
        let programs = try [file, file + "2"].map { try Program([$0, "600"]) }
        #expect(RunningProcess.running(file).map(\.pid).sorted() == programs.map(\.pid).sorted())
        #expect(RunningProcess.running(ground.files + "/none").isEmpty)
    }

    @Test("no more is kept than the limits say")
    func full() throws {
        for name in ["one", "two", "three"] { try ground.scratch.file("files/\(name)", "12345678") }
        var limits = Quarantine.Limits()
        limits.bytes = 20
        let quarantine = try quarantine(limits)
        for (number, name) in ["one", "two"].enumerated() {
            _ = try quarantine.take("\(ground.files)/\(name)", as: FilesGround.id(UInt64(number)), at: FilesGround.at)
        }
        let error = #expect(throws: EnforceError.self) {
            try quarantine.take(ground.files + "/three", as: FilesGround.id(9), at: FilesGround.at)
        }
        #expect(error?.code == "quarantine.full")
        #expect(TextFile.text(ground.files + "/three") == "12345678")
    }

    @Test("a folder that others may write, or that another has, is no quarantine")
    func place() throws {
        let first = try quarantine()
        let error = #expect(throws: EnforceError.self) { try quarantine() }
        #expect(error?.code == "quarantine.in_use")
        #expect(first.list().isEmpty)
        try Program.must(["mkdir", "-m", "777", ground.scratch.path + "/open"])
        #expect(throws: EnforceError.self) { try Quarantine(folder: ground.scratch.path + "/open") }
    }

    @Test("the walk without openat2 finds the same folders and the same links")
    func stepwise() throws {
        try Program.must(["sh", "-c", "cd \(ground.files) && mkdir -p real/deep && ln -s real linked"])
        for (path, result) in [
            ("/real/deep", 0), ("/linked", ELOOP), ("/linked/deep", ELOOP), ("/none", ENOENT),
            ("/real/../real", EINVAL),
        ] as [(String, Int32)] {
            let found = unsafe clinux_open_folder_stepwise(ground.files + path)
            if found >= 0 { close(found) }
            #expect(found >= 0 ? result == 0 : -found == result, "\(path)")
            guard result != EINVAL else { continue }
            let other = unsafe clinux_open_folder(ground.files + path)
            if other >= 0 { close(other) }
            #expect((found >= 0) == (other >= 0) && (found >= 0 || found == other), "\(path)")
        }
    }
}

/// A file system in memory of a test's own.
private final class TemporaryMount: Sendable {
    let path: String

    init(_ path: String) throws {
        self.path = path
        try Program.must(["mkdir", path])
        try Program.must(["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "tmpfs", path])
    }

    deinit { _ = try? Program.run(["umount", path]) }
}

extension [UInt8] {
    fileprivate func contains(subsequence: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: subsequence) }
    }
}
