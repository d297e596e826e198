import CordonModel
import CordonOrders
import CordonWire
import FoundationEssentials
import Glibc
import SwiftProtobuf
import Testing

@testable import AgentEnforce

/// Ending an isolation from the host itself: the real daemon, whoever asks.
@Suite("Break glass", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct BreakGlassTests {
    private let lab: Lab
    private let fleet: Enrolled
    private let hour = Action.isolate(Isolation(duration: .seconds(3600)))

    init() throws {
        lab = try Lab()
        fleet = try Enrolled(lab.scratch)
    }

    private func codes(_ count: UInt32, _ enforcer: EnforcerProcess) throws -> [String] {
        try enforcer.ask { $0.makeCodes.count = count }.done.codes
    }

    /// What a user of this host gets for a request at the socket that anybody may connect to.
    private func asks(_ user: UInt32, _ fill: (inout Cordon_V1_EnforcerRequest) -> Void) throws
        -> Cordon_V1_EnforcerResponse
    {
        try Program.must(["chmod", "755", lab.scratch.path])
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 7
        fill(&request)
        let bytes: [UInt8] = try request.serializedBytes()
        let script = """
            import os, socket, sys
            os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
            s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); m = bytes.fromhex(sys.argv[3])
            s.sendall(len(m).to_bytes(4, "big") + m); n = int.from_bytes(s.recv(4, socket.MSG_WAITALL), "big")
            print(s.recv(n, socket.MSG_WAITALL).hex())
            """
        let path = lab.scratch.path + "/release.sock"
        let answer = try Program.must(["python3", "-c", script, path, "\(user)", HexDigit.text(bytes)])
        return try Cordon_V1_EnforcerResponse(
            serializedBytes: try #require(HexDigit.bytes(answer.filter { !$0.isWhitespace })))
    }

    private func release(_ code: String, by user: UInt32 = 4243) throws -> String {
        try asks(user) { $0.localRelease.code = code }.error.code
    }

    @Test(
        "a code ends the isolation once, for anybody at the host, however it is typed; it is told, also after a restart"
    )
    func once() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let codes = try codes(3, enforcer)
        #expect(Set(codes).count == 3 && codes.allSatisfy { $0.utf8.count == 19 })
        let state = try Program.must(["cat", lab.scratch.path + "/state/journal"])
        #expect(!codes.contains { state.contains($0) }, "the codes themselves are nowhere on the host")
        #expect(try release(codes[0]) == "codes.not_isolated", "nothing is used up for nothing")
        _ = try enforcer.execute(hour)
        let typed = codes[0].lowercased().filter { $0 != "-" }
        #expect(try release(typed) == "")
        #expect(try enforcer.status().containment.isolatedUntilUs == 0)
        _ = try enforcer.execute(hour)
        #expect(try release(codes[0]) == "codes.wrong", "a code is good once")
        #expect(try enforcer.status().containment.isolatedUntilUs > 0)

        enforcer.kill()
        let second = try EnforcerProcess(fleet, in: lab.host)
        let notices = try second.status().notices
        let told = try #require(notices.first { $0.kind == .breakGlass })
        #expect(told.text.contains("user 4243"), "\(told.text)")
        #expect(try release(codes[0]) == "codes.wrong", "nor after a restart")
        #expect(try release(codes[1]) == "")
        let all = try second.status().notices.filter { $0.kind == .breakGlass }.map(\.id)
        _ = try second.ask { $0.status.heard = all }
        second.kill()
        let third = try EnforcerProcess(fleet, in: lab.host)
        #expect(try third.status().notices.isEmpty, "what was heard is told no more")
    }

    @Test("killed between the use of a code and its effect, the next start finds the effect, and the code is used up")
    func killedBetween() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let code = try codes(1, enforcer)[0]
        _ = try enforcer.execute(hour)
        enforcer.kill()
        // What is on disk at that moment: the use and the release, and the kernel as it was.
        do {
            var journal = try OrderJournal(folder: lab.scratch.path + "/state", clock: .live)
            let salt = try #require(journal.desired.codes?.salt)
            try journal.append([
                .codeUsed(ReleaseCodes.hash(code, salt: salt), text: "by a test"), .released(why: "by a test"),
            ])
        }
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") != "ok")
        let second = try EnforcerProcess(fleet, in: lab.host)
        #expect(try second.status().containment.isolatedUntilUs == 0)
        #expect(try second.status().notices.contains { $0.kind == .breakGlass && $0.text == "by a test" })
        _ = try second.execute(hour)
        #expect(try release(code) == "codes.wrong")
    }

    @Test("guesses are few for each user, told, and take nothing from others; at that door nothing else is answered")
    func guesses() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let codes = try codes(2, enforcer)
        _ = try enforcer.execute(hour)
        for _ in 0..<5 { #expect(try release("0000-0000-0000-0000") == "codes.wrong") }
        #expect(try release(codes[0]) == "codes.too_many", "even a code that is right")
        #expect(try enforcer.status().notices.contains { $0.kind == .refused && $0.text.contains("4243") })
        for fill: (inout Cordon_V1_EnforcerRequest) -> Void in [
            { $0.status = .init() }, { $0.makeCodes.count = 1 }, { $0.localRelease.reason = "please" },
            { $0.execute = .init() }, { $0.keySet = .init() },
        ] {
            #expect(try asks(4244, fill).error.code == "enforcer.not_root")
        }
        #expect(try enforcer.status().containment.isolatedUntilUs > 0)
        #expect(try release(codes[0], by: 4244) == "")
        #expect(try enforcer.status().containment.isolatedUntilUs == 0)
    }

    @Test("new codes replace those before; root needs none; the agent's user may make none")
    func renewed() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let old = try codes(1, enforcer)[0]
        let new = try codes(1, enforcer)[0]
        _ = try enforcer.execute(hour)
        #expect(try release(old) == "codes.wrong")
        #expect(try release(new) == "")
        _ = try enforcer.execute(hour)
        #expect(try enforcer.ask { $0.localRelease.reason = "console" }.status.containment.isolatedUntilUs == 0)
        #expect(try enforcer.status().notices.contains { $0.kind == .breakGlass && $0.text.contains("root: console") })
        for count in [0, 33] as [UInt32] {
            #expect(try enforcer.ask { $0.makeCodes.count = count }.error.code == "codes.count")
        }
    }
}

/// The arithmetic of codes.
@Suite("One-time codes")
struct ReleaseCodeTests {
    @Test("a code's hash is PBKDF2, as RFC 7914 shows it")
    func vectors() {
        let one = ReleaseCodes.slow(Array("passwd".utf8), salt: Array("salt".utf8), rounds: 1)
        #expect(HexDigit.text(one) == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc")
        let many = ReleaseCodes.slow(Array("Password".utf8), salt: Array("NaCl".utf8), rounds: 80_000)
        #expect(HexDigit.text(many) == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56")
    }

    @Test("whoever guesses has five in a quarter of an hour, and others have theirs")
    func guesses() {
        var guesses = CodeGuesses()
        let minute: Int64 = 60_000_000_000
        let first = (0..<7).map { _ in guesses.take(by: 1, at: 0) }
        #expect(first == [true, true, true, true, true, false, false])
        let other = guesses.take(by: 2, at: 0)
        let later = guesses.take(by: 1, at: 14 * minute)
        let afterwards = guesses.take(by: 1, at: 16 * minute)
        #expect(other && !later && afterwards)
        let crowd = (100..<300).filter { guesses.take(by: $0, at: 16 * minute) }.count
        #expect(crowd < 80, "many users are not many guesses: \(crowd)")
    }
}
