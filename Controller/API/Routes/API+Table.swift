internal import CordonModel

extension API {
    /// Every route there is.
    package static let routes: [Route] = [
        sessionRoutes, hostRoutes, enrolmentRoutes, alertRoutes, eventRoutes, caseRoutes, caseWorkRoutes, orderRoutes,
        approvalRoutes, standingRoutes, evidenceRoutes, huntRoutes, ruleRoutes, ruleTrialRoutes, assetGroupRoutes,
        upgradeRoutes,
        playbookRoutes,
        runRoutes, taskRoutes, auditRoutes, userRoutes, apiTokenRoutes, changeRoutes, serviceRoutes,
    ].flatMap { $0 }
}

extension [Route.Parameter] {
    /// The path parameter of things that have an identifier.
    static let identifier = [Route.Parameter("id", .identifier, "The identifier.")]

    /// The query parameters of lists.
    static func page(_ more: Route.Parameter...) -> [Route.Parameter] {
        more + [
            Route.Parameter(
                "limit", .integer(1...APILimits.largestPage), "Items of the page; \(APILimits.page) unless given."),
            Route.Parameter("cursor", .text(.plain, length: 1...64), "What the page before gave as `next`."),
        ]
    }
}
