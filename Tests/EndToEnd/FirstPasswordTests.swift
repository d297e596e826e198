import CordonTesting
import Testing

@Suite(
    "the first password", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct FirstPasswordTests {
    @Test(
        "where nobody watches, the password of a fleet that `serve --init` made is in a file, and not in what is logged"
    )
    func file() throws {
        let lab = try Lab()
        let binaries = try Binaries(in: Binaries.besideThisProcess, for: lab)
        let home = try lab.scratch.folder("fresh", mode: 0o700)
        try lab.command(["chown", "\(LabController.user)", home]).must()
        let words = [
            binaries["cordon-controller"], "serve", "--init", "--data", "\(home)/data", "--link", "127.0.0.1:7443",
            "--api",
            "127.0.0.1:8443",
        ]
        let daemon = try lab.daemon(
            words, in: .controller, user: LabController.user, environment: binaries.environment, log: "\(home)/log")
        try daemon.says("ready: agents on")

        let file = "\(home)/data/first-password"
        let password = Scratch.text(of: file)
        #expect(password.count > 12)
        #expect(Scratch.text(of: daemon.log).contains("in \(file)"))
        #expect(!Scratch.text(of: daemon.log).contains(password.dropLast()))
        let owner = try lab.command(["stat", "-c", "%a %u", file]).must()
        #expect(owner == "600 \(LabController.user)\n")
        let login = [
            binaries["cordon"], "login", "https://127.0.0.1:8443", "--user", "admin", "--password-stdin", "--ca-file",
            "\(home)/data/authority.pem",
        ]
        let environment = binaries.environment.merging(["HOME": home]) { $1 }
        try lab.command(login, in: .controller, environment: environment, input: password).must()
    }
}
