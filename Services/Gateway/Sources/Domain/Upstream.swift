/// Where requests go: one service, at one or several addresses.
package struct Upstream: Sendable, Equatable {
    package var name: String
    /// As the file writes them: `host:port`, `http://…`, `https://…` or `unix:/…`.
    package var endpoints: [String]

    package init(name: String, endpoints: [String]) {
        self.name = name
        self.endpoints = endpoints
    }
}
