import CordonScan
import CordonTesting
import Testing

@Suite(
    "waiting for an order that waits for people, with real processes", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct WaitingTests {
    private let log: String
    private let ground: Ground

    init() throws {
        ground = try Ground()
        log = "\(ground.lab.scratch.path)/waiting.log"
    }

    /// Makes keys of people, and has the policy root list them.
    private func list(_ people: [String]) throws {
        var options: [String] = []
        for person in people {
            _ = try ground.people.look("key", "create", key(of: person))
            options += ["--add", "\(person)=\(key(of: person)).pub"]
        }
        try ground.list(options)
        try ground.awaitOnline(.web)
    }

    private func key(of person: String) -> String { "\(ground.lab.scratch.path)/\(person).key" }

    /// The order that waits, once there is one.
    private func waiting() throws -> String {
        try Waiting.until("an order waits for people", within: .seconds(45)) {
            try ground.people.look("orders", "--waiting").first?["id"]?.text
        }
    }

    @Test(
        "who waits is told that people are to sign, and goes on to the proof once both have; one signature is not enough",
        .timeLimit(.minutes(3)))
    func approved() throws {
        let web = try ground.host(.web, policy: "two_person = [\"isolate\"]")
        try ground.listen(on: .db)
        try list(["ann", "bob"])
        let waiter = try ground.people.start(
            "isolate", "web", "--for", "1h", "--reason", "a test", "--wait", "--patience", "2m", log: log)
        try waiter.says("drafted", within: .seconds(45))
        let order = try waiting()
        let first = try ground.people.look("approve", order, "--key", key(of: "ann"), "--yes").last
        #expect(first?["approved_by"]?.texts == ["ann"])
        try ground.awaitOrder(order, "drafted", signedBy: ["ann"])
        #expect(try waiter.ended == nil && ground.reaches(.db, from: .web), "one person is not two: \(waiter.tail)")
        _ = try ground.people.look("approve", order, "--key", key(of: "bob"), "--yes")
        #expect(try waiter.end(within: .seconds(45)) == 0, "\(waiter.tail)")
        let said = Scratch.text(of: log)
        #expect(said.contains("ann, bob"), "\(said)")
        #expect(said.contains("succeeded") && said.contains("proved"), "\(said)")
        #expect(try ground.reaches(.db, from: .web) == false)
        withExtendedLifetime(web) {}
    }

    @Test(
        "who waits hears a no with its reason, and what nobody has signed in time ends; neither has touched the host",
        .timeLimit(.minutes(3)))
    func rejected() throws {
        let web = try ground.host(.web, policy: "two_person = [\"isolate\"]")
        try list(["ann", "bob"])
        let waiter = try ground.people.start(
            "isolate", "web", "--for", "1h", "--reason", "a test", "--wait", "--patience", "2m", log: log)
        try waiter.says("drafted", within: .seconds(45))
        let order = try waiting()
        _ = try ground.people.look("approve", order, "--key", key(of: "ann"), "--yes")
        try ground.awaitOrder(order, "drafted", signedBy: ["ann"])
        let no = try ground.people.look("order", "withdraw", order, "--reason", "the wrong host").last
        #expect(no?["state"]?.text == "expired")
        #expect(try waiter.end(within: .seconds(45)) == 1, "\(waiter.tail)")
        #expect(Scratch.text(of: log).contains("Withdrawn: the wrong host"), "\(waiter.tail)")
        let late = try ground.people.attempt("approve", order, "--key", key(of: "bob"), "--yes")
        #expect(late.status != 0, "a no stands")
        let again = try ground.people.attempt("order", "withdraw", order, "--reason", "again")
        #expect(again.status == 1 && again.complaint.contains("expired"), "\(again.complaint)")
        let told = try ground.people.look("audit", "list", "--subject", "order:\(order)")
        #expect(
            told.contains { $0["verb"]?.text == "order.expired" && $0["actor"]?.text == "sam" }, "\(told)")

        let unsigned = try ground.people.attempt(
            "isolate", "web", "--for", "1h", "--reason", "a test", "--wait", "--lifetime", "8s")
        #expect(unsigned.status == 1 && unsigned.object["state"]?.text == "expired", "\(unsigned.complaint)")
        #expect(unsigned.object["note"]?.text == "Not enough people approved it in time.")
        #expect(try ground.people.host("web")?["state"]?.text == "online")
        withExtendedLifetime(web) {}
    }
}
