internal import ArgumentParser
internal import CordonModel

/// A verb that there is not, told apart from an argument too many.
enum UnknownVerb {
    /// - Throws: ``Complaint`` that names the word, and the verb that was probably meant, where a word stands in the place of
    ///   a verb and is none.
    static func check(_ words: [String]) throws {
        var (command, said): (any ParsableCommand.Type, [String]) = (Cordon.self, ["cordon"])
        for word in words.first == "help" ? words.dropFirst() : words[...] {
            let verbs = command.configuration.subcommands
            // An option, or the first argument of a verb that has no verbs below it.
            guard !verbs.isEmpty, !word.hasPrefix("-"), word != "help" else { return }
            guard let next = verbs.first(where: { $0._commandName == word }) else {
                throw complaint(word, of: said.joined(separator: " "), verbs.map { $0._commandName })
            }
            (command, said) = (next, said + [word])
        }
    }

    private static func complaint(_ word: String, of command: String, _ verbs: [String]) -> Complaint {
        let nearest = NearestName.to(word, among: verbs).map { "Did you mean `\(command) \($0)`? " } ?? ""
        let shown = word.unicodeScalars.count > 64 ? String(word.unicodeScalars.prefix(64)) + "…" : word
        return Complaint(
            .usage, "\(command) has no verb “\(Terminal.safe(shown))”.",
            "\(nearest)`\(command) --help` lists the verbs.")
    }
}
