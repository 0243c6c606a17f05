import Core
import HTTP
import JSON
import ServiceKit

/// What an operator can ask this replica on the administration port.
struct AdminRoutes: Sendable {
    private static let mostListed = 1_000

    let state: GatewayState
    let health: UpstreamHealth

    func add(to router: HTTPRouter) {
        router.add(.get, "/enforcements") { _, response in try await json(response, enforcements) }
        router.add(.get, "/upstreams") { _, response in try await json(response, upstreams) }
        router.add(.get, "/routes") { _, response in try await json(response, routes) }
    }

    private func json(_ response: HTTPResponseWriter, _ fields: (inout JSONWriter) -> Void) async throws {
        var writer = JSONWriter()
        writer.object(fields)
        try await response.respond(.ok, headers: ["Content-Type": "application/json"], body: writer.bytes)
    }

    private func enforcements(_ json: inout JSONWriter) {
        let table = state.enforcements.current
        json.integer("total", table.count)
        json.key("enforcements")
        json.array { list in
            for enforcement in table.all.prefix(Self.mostListed) {
                list.object { entry in
                    entry.text("decision", enforcement.decision.description)
                    entry.text("subject", enforcement.subject.description)
                    entry.text("action", "\(enforcement.action)")
                    entry.text("until", enforcement.expires.rfc3339)
                    entry.text("reason", enforcement.reason)
                }
            }
        }
    }

    private func upstreams(_ json: inout JSONWriter) {
        json.key("upstreams")
        json.array { list in
            for (name, state) in health.all.sorted(by: { $0.key < $1.key }) {
                list.object { entry in
                    entry.text("upstream", name)
                    entry.text("state", state.isFailing ? "failing" : "answering")
                    entry.integer("successes", state.successes)
                    entry.integer("failures", state.failures)
                    if let failure = state.lastFailure { entry.text("last_failure", failure) }
                }
            }
        }
    }

    private func routes(_ json: inout JSONWriter) {
        json.key("routes")
        json.array { list in
            for route in state.routing.current.routes.routes.map(\.route) {
                list.object { entry in
                    entry.text("name", route.name)
                    entry.text("hosts", route.hosts.isEmpty ? "*" : route.hosts.joined(separator: ", "))
                    entry.text("path", route.path.text)
                    entry.text("upstream", route.upstream)
                    entry.text("inspection", route.inspection.rawValue)
                }
            }
        }
    }
}
