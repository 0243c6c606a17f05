/// All that one reading of the routes file gives; replaced as a whole.
package struct Routing: Sendable {
    package var routes: RouteTable
    /// By name. A route that gives an address has an upstream of that name here too.
    package var upstreams: [String: Upstream]
    package var firewall: FirewallPlan

    package init(routes: RouteTable, upstreams: [String: Upstream], firewall: FirewallPlan = FirewallPlan()) {
        self.routes = routes
        self.upstreams = upstreams
        self.firewall = firewall
    }
}
