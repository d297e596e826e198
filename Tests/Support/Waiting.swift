internal import Glibc

/// Waiting for what others do.
package enum Waiting {
    /// Asks until there is an answer, or throws with the sentence. Asks again every 50 ms.
    package static func until<Answer>(
        _ what: String, within patience: Duration = .seconds(20), _ ask: () throws -> Answer?
    ) throws -> Answer {
        let end = ContinuousClock.now + patience
        while true {
            if let answer = try ask() { return answer }
            guard ContinuousClock.now < end else { throw TestFailure("\(what) did not come about within \(patience)") }
            usleep(50_000)
        }
    }

    /// Asks until it is so; whether it came about.
    package static func becomes(within patience: Duration = .seconds(10), _ wanted: () throws -> Bool) rethrows -> Bool
    {
        let end = ContinuousClock.now + patience
        while try !wanted() {
            guard ContinuousClock.now < end else { return false }
            usleep(50_000)
        }
        return true
    }
}
