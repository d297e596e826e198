import ControllerFleet
import CordonModel
import Testing

@testable import ControllerWeb

@Suite("The rules on a host's page")
struct WebHostRulesTests {
    @Test(
        "say which version is in force, its name, and what is staged where that is another",
        arguments: [
            (RulePackState(version: 3), "linux", 3, "version 3 (linux)"),
            (RulePackState(version: 2), "linux", 3, "version 2 (linux); version 3 is staged"),
            (RulePackState(version: 2), nil, 0, "version 2; none are staged"),
            (RulePackState(version: 0), nil, 0, "none"),
            (
                RulePackState(version: 0, fault: "<b>bad</b>"), nil, 4,
                "none; version 4 is staged; it refused another: <b>bad</b>"
            ),
        ] as [(RulePackState, String?, Int64, String)])
    func words(state: RulePackState, name: String?, staged: Int64, text: String) {
        #expect(HostPage.fact(of: state, named: name, staged: staged) == Fact("Rules", text))
    }
}
