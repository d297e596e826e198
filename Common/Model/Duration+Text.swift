extension Duration {
    /// Reads a whole number and one unit: `30s`, `15m`, `24h`, `30d`. `nil` for anything else, or beyond a hundred years.
    package init?(spelled text: some StringProtocol) {
        guard let unit = text.last, text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(text.dropLast())
        else { return nil }
        let seconds: Int64
        switch unit {
        case "s": seconds = 1
        case "m": seconds = 60
        case "h": seconds = 3600
        case "d": seconds = 86_400
        default: return nil
        }
        guard count <= 100 * 365 * 86_400 / seconds else { return nil }
        self = .seconds(count * seconds)
    }

    /// The largest unit that says it in a whole number: `90s`, `15m`, `24h`, `30d`; parts of a second are cut off.
    package var spelled: String {
        let seconds = wholeSeconds
        if seconds == 0 { return "0s" }
        if seconds.isMultiple(of: 86_400) { return "\(seconds / 86_400)d" }
        if seconds.isMultiple(of: 3600) { return "\(seconds / 3600)h" }
        if seconds.isMultiple(of: 60) { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}
