import CordonTesting
import Glibc
import Testing

/// The real `cordon-controller`, as far as it goes without serving.
@Suite("cordon-controller check and serve")
struct ControllerCheckTests {
    private let scratch: Scratch
    private let program = Binaries.besideThisProcess + "/cordon-controller"

    init() throws { scratch = try Scratch() }

    private func run(_ words: [String], settings: String) throws -> Command.Result {
        let file = try scratch.file("controller.toml", settings)
        return try Command([program] + words + ["--config", file]).run()
    }

    @Test(
        "what serving refuses, checking refuses: a file of authorities, a certificate",
        arguments: ["authorities", "certificate"])
    func refuses(what: String) throws {
        let data = "\(scratch.path)/data"
        var settings = "data = \"\(data)\"\n[listen]\nagents = \"127.0.0.1:17443\"\npeople = \"127.0.0.1:18443\"\n"
        let password = try scratch.file("password", "correct horse battery staple\n", mode: 0o600)
        let made = try run(["init", "--admin-password-file", password], settings: settings)
        #expect(made.status == 0, "\(made.errors)")
        let good = try run(["check"], settings: settings)
        #expect(good.status == 0 && good.output.contains("can be served"), "\(good.errors)")
        let named = what == "authorities" ? "\(scratch.path)/none.pem" : "controller"
        if what == "authorities" {
            settings += "[http_calls]\nauthorities = \"\(named)\"\n"
        } else {
            try scratch.file("data/controller.pem", "no certificate\n")
        }
        for verb in ["check", "serve"] {
            let refused = try run([verb], settings: settings)
            #expect(refused.status == 1, "\(verb): \(refused.output)")
            #expect(refused.errors.contains(named), "\(verb): \(refused.errors)")
        }
    }

    @Test("serving a folder without a fleet is refused, says init, and makes nothing")
    func noFleet() throws {
        let typo = "\(scratch.path)/dtaa"
        let refused = try run(["serve", "--data", typo], settings: "")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("There is no fleet in \(typo)."), "\(refused.errors)")
        #expect(refused.errors.contains("cordon-controller init"))
        for path in [typo, "\(typo).policy-root.key"] { #expect(unsafe access(path, F_OK) != 0) }
    }
}
