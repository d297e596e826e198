import CordonScan

@testable import ControllerPlaybooks

/// CACAO playbooks, their conditions, and OpenC2.
extension FuzzEntry {
    static let playbooks: [FuzzEntry] = [
        FuzzEntry(name: "playbook", made: PlaybookLibrary.builtIn.map(\.bytes)) { bytes in
            let report = PlaybookValidator.validate(bytes)
            guard let document = try? JSONValue.parse(bytes), report.playbook != nil else { return }
            let again = PlaybookValidator.validate(document.bytes(.indented))
            try same(again.faults.map(\.code), report.faults.map(\.code), "how it is written makes no fault")
            try same(again.warnings.map(\.code), report.warnings.map(\.code), "how it is written makes no warning")
        },
        FuzzEntry(name: "playbook-condition") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = Substitution.parts(of: text)
            guard let condition = try? ConditionParser.parse(text) else { return }
            _ = try? condition.holds([
                "$$x$$": Variable(type: "string", value: "1"), "$$y$$": Variable(type: "integer", value: "2"),
            ])
            guard let bracketed = try? ConditionParser.parse("(\(text))") else { return }
            try same(bracketed, condition, "brackets around all change nothing")
        },
        FuzzEntry(name: "openc2") { bytes in
            guard let json = try? JSONValue.parse(bytes), let command = try? OpenC2Command(json),
                let action = try? command.agentAction()
            else { return }
            let written = OpenC2Command.json(action, device: "web1")
            try same(OpenC2Command(written).agentAction(), action, "an action is read as it was written")
        },
    ]
}
