import Core
import HTTP
import Inspection
import JSON
import Reactor
import RuleKeeping
import ServiceKit

/// What an operator can ask this replica on the administration port.
struct AdminRoutes: Sendable {
    private static let mostListed = 1_000

    let state: GatewayState
    let upstreams: UpstreamReport
    let keeper: RoutesKeeper?
    let rules: RuleSetKeeper?
    let firewall: FirewallReport
    let lanes: [RequestLane]
    let engine: InspectionEngine

    func add(to router: HTTPRouter) {
        router.add(.get, "/enforcements") { _, response in try await json(response, enforcements) }
        router.add(.get, "/upstreams") { _, response in
            let bytes = await upstreams.json()
            try await response.respond(.ok, headers: ["Content-Type": "application/json"], body: bytes)
        }
        router.add(.get, "/routes") { routed, response in try await answer(routed.request, response, routes) }
        router.add(.get, "/firewall") { routed, response in
            try await answer(routed.request, response, firewall.json)
        }
        router.add(.get, "/rule-set") { routed, response in try await answer(routed.request, response, ruleSet) }
        for method in [HTTPMethod.get, .post] {
            router.add(method, "/explain") { routed, response in
                let question = try await ExplainRoute.request(routed.request)
                try await answer(routed.request, response, explanation.explain(question))
            }
        }
    }

    /// The lane of this reactor: the administration port is served by the same ones.
    private var explanation: Explanation {
        get throws {
            guard let lane = lanes.first(where: { $0.reactor === Reactor.current }) else {
                throw Failure(.unavailable, "This port is served by a reactor that handles no requests.")
            }
            return Explanation(lane: lane, engine: engine)
        }
    }

    private func answer(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ value: JSONValue
    ) async throws {
        if request.head.headers["accept"]?.hasPrefix("text/plain") == true {
            return try await response.respond(.ok, text: ReadableText.of(value))
        }
        try await response.respond(.ok, headers: ["Content-Type": "application/json"], body: value.serialized())
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
                    entry.integer("hits", enforcement.hits.current)
                }
            }
        }
    }

    /// What judges beside the built-in engine, and why its files as they are now are refused, if they are.
    private var ruleSet: JSONValue {
        let candidates = state.candidates.current
        func number(_ judgement: InspectionCandidates.Judgement?) -> JSONValue {
            judgement.map { .string($0.id.description) } ?? .null
        }
        guard let rules else {
            return [
                "in_force": .bool(false), "promoted": number(candidates?.promoted), "tried": number(candidates?.shadow),
            ]
        }
        let inForce = rules.inForce
        return [
            "promoted": number(candidates?.promoted), "tried": number(candidates?.shadow),
            "in_force": .bool(true), "folder": .string(rules.settings.folder),
            "rules": .number(Double(inForce.ruleCount)),
            "names": .array(inForce.signatures.map { .string($0) }), "digest": .string(Hex.encode(inForce.digest)),
            "read_at": .string(inForce.readAt.rfc3339), "refused": rules.refused?.json ?? .null,
        ]
    }

    /// As understood, and what is wrong with the file as it is now, if it is refused.
    private var routes: JSONValue {
        var object = JSONObject()
        if let keeper {
            object["digest"] = .string(Hex.encode(keeper.inForce.digest))
            object["read_at"] = .string(keeper.inForce.readAt.rfc3339)
            if let refused = keeper.refused { object["refused"] = refused.json }
            object["sets"] = .array(keeper.inForce.sets.map { keeper.inForce.json(of: $0) })
        }
        object["routes"] = .array(state.routing.current.routes.routes.prefix(Self.mostListed).map(\.route.json))
        return .object(object)
    }
}
