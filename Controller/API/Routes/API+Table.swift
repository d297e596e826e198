extension API {
    /// Every route there is.
    package static var routes: [Route] { sessionRoutes }
}
