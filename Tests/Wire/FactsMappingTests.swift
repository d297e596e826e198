import CordonModel
import CordonWire
import Testing

@Suite("What a host says of itself")
struct FactsMappingTests {
    @Test(
        "keeps no character that steers a terminal, a line or the direction of writing",
        arguments: [
            ("web-1\u{1B}[2J\u{1B}]0;x\u{07}", "web-1[2J]0;x"), ("a\u{202E}b\u{2066}c\u{200F}", "abc"),
            ("a\nb\r\tc\u{85}\u{2028}\u{2029}\u{9B}d\u{7F}\0", "abcd"), ("Zürich-東京", "Zürich-東京"),
        ])
    func plain(said: String, kept: String) {
        var message = Cordon_V1_Facts()
        message.hostname = said
        message.kernel = said
        message.operatingSystem = said
        message.agentVersion = said
        message.enforcerVersion = said
        message.policyHash = said
        let facts = message.model()
        let texts = [
            facts.hostname, facts.kernel, facts.operatingSystem, facts.agentVersion, facts.enforcerVersion,
            facts.policyHash,
        ]
        #expect(texts.allSatisfy { $0 == kept }, "\(texts)")
    }
}
