internal import ControllerFleet
internal import ControllerRules
internal import CordonModel

extension RulesPage {
    /// Packs to choose from, lines of the past, refusals and values of a group on the page.
    private static let packsShown = 50
    static let historyShown = 30
    private static let refusalsShown = 50
    private static let valuesShown = 20

    init(_ all: [PublishedPack], staged: [String: Int64], frame: Frame, for reader: Reader) {
        let known = all.prefix(Self.packsShown)
        self.init(frame: frame, packs: known.map { PackRow($0, now: reader.now) })
        let mayStage = reader.may(.administrator)
        stagings = staged.sorted { $0.key < $1.key }.map { group, version in
            StagingLine(
                whom: Self.whom(group), version: Self.words(version),
                rollBack: mayStage ? RollBack(token: reader.formToken, group: group) : nil,
                unstage: mayStage && !group.isEmpty ? RollBack(token: reader.formToken, group: group) : nil)
        }
        guard mayStage, !known.isEmpty else { return }
        let newest = known.first?.version
        stage = StageForm(
            token: reader.formToken,
            versions: known.map {
                Choice(key: "\($0.version)", word: "\($0.version) \($0.name)", chosen: $0.version == newest)
            } + [Choice(key: "0", word: "no rules", chosen: false)])
    }

    mutating func show(_ states: [AgentID: RulePackState], names: [AgentID: String]) {
        let counts = states.values.reduce(into: [UInt64: Int]()) { $0[$1.version, default: 0] += 1 }
        running = counts.sorted { $0.key > $1.key }.map { version, count in
            RunningLine(
                version: Self.words(Int64(clamping: version)), hosts: count == 1 ? "1 host" : "\(count) hosts")
        }
        refusals = states.filter { !$0.value.fault.isEmpty }.sorted { $0.key < $1.key }.prefix(Self.refusalsShown).map {
            RefusalLine(hostID: "\($0.key)", hostName: names[$0.key] ?? "\($0.key)", why: $0.value.fault)
        }
    }

    /// - Parameter past: Oldest first.
    mutating func show(_ past: [Staging], now: Timestamp) {
        var before: [String: Int64?] = [:]
        var lines: [HistoryLine] = []
        for staging in past {
            // A group that never had one of its own followed all others.
            let beginning: Int64? = staging.group.isEmpty ? 0 : nil
            let last = before.updateValue(staging.version, forKey: staging.group) ?? beginning
            let isBack = if let last, let version = staging.version { version < last } else { false }
            let step = "\(Self.words(last)) → \(Self.words(staging.version))\(isBack ? ", back" : "")"
            lines.append(
                HistoryLine(
                    at: Moment(staging.at, now: now), whom: Self.whom(staging.group), step: step, by: staging.by))
        }
        history = lines.suffix(Self.historyShown).reversed()
    }

    mutating func show(_ groups: [AssetGroup]) {
        assetGroups = groups.map { group in
            let more = group.values.count - Self.valuesShown
            let values = group.values.prefix(Self.valuesShown).joined(separator: ", ")
            return Fact(group.name, more > 0 ? "\(values) and \(more) more" : values)
        }
    }

    private static func whom(_ group: String) -> String { group.isEmpty ? "All other hosts" : "Group \(group)" }

    private static func words(_ version: Int64?) -> String {
        guard let version else { return "as all others" }
        return version == 0 ? "no rules" : "version \(version)"
    }
}

extension RulesPage.PackRow {
    fileprivate init(_ pack: PublishedPack, now: Timestamp) {
        let rules = pack.rules == 1 ? "1 rule" : "\(pack.rules) rules"
        self.init(
            version: "\(pack.version)", packName: pack.name,
            contents: pack.correlations == 0 ? rules : "\(rules), \(pack.correlations) correlations",
            published: Moment(pack.publishedAt, now: now), by: pack.publishedBy)
    }
}
