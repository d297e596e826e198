internal import CordonModel

/// Parameters of `stop_service`: a unit of systemd stands still and cannot be started.
package struct ServiceStop: Sendable, Hashable {
    /// A service, socket, timer or path unit with its suffix: `miner.service`.
    package var unit: String
    /// How long; the host gives it back by itself afterwards. Whole seconds, at least one.
    package var duration: Duration

    package init(unit: String, duration: Duration) {
        self.unit = unit
        self.duration = duration
    }

    init(_ given: GivenParameters) throws(ActionError) {
        unit = try given.text("unit")
        duration = try given.seconds("duration_s")
    }

    var parameters: [String: FieldValue] { ["unit": .text(unit), "duration_s": .number(duration.wholeSeconds)] }
}

extension CatalogueEntry {
    static let stopService = CatalogueEntry(
        kind: .stopService, capability: .services,
        parameters: [
            .required("unit", .unitName, "The unit, of the system's manager: its own name or another that it has."),
            .duration,
        ],
        precondition:
            "A service, socket, timer or path unit with a file, which the host does not stand on, and which none stands on "
            + "that the host does. Entries of cron are turned off by `disable_cron_entry`.",
        effect:
            "It is masked above every other place of units, so that neither a person, a boot, a socket nor a timer starts "
            + "it, and stopped without its `ExecStop`; whoever unmasks it finds it masked and stopped again. What is "
            + "bound to it (`BindsTo=`) stops with it; what merely needs it goes on. Its own files and links stay as they "
            + "are. A copy by another name is another unit.",
        proof: "Probes: service_masked, service_stopped.", openC2: "stop er:service")

    static let restoreService = CatalogueEntry(
        kind: .restoreService, capability: .services, parameters: [.undone], precondition: "",
        effect: "What the order stopped is unmasked, and what ran before runs again.",
        proof: "Probe: service_back.", openC2: "start x-cordon:order")
}
