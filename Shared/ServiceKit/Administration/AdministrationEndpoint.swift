internal import Core
internal import HTTP
internal import JSON
internal import Reactor
internal import Telemetry

/// What operators, probes and Prometheus ask a service over HTTP, on an address that is not for the public:
///
/// - `/livez`  200 while every event loop turns; otherwise the process should be restarted
/// - `/readyz` 200 while the service can do its work, 503 and the reasons otherwise
/// - `/metrics` the metrics, in Prometheus' text or as OpenMetrics
/// - `/config` every key with its value and origin, secrets masked
enum AdministrationEndpoint {
    /// A loop that does not turn for so long hangs.
    private static let loopLimit = Duration.seconds(5)

    static func addRoutes(to router: HTTPRouter, runtime: ServiceRuntime, keys: [ConfigurationKey]) {
        let (group, health, metrics) = (runtime.group, runtime.health, runtime.metrics)
        router.add(.get, "/livez") { _, response in
            let hanging = await hangingLoops(group)
            let state = hanging.isEmpty ? HealthState.ready : .notReady("hanging: \(hanging.joined(separator: ", "))")
            try await respond(response, report: [("event loops", state)])
        }
        router.add(.get, "/readyz") { _, response in try await respond(response, report: health.report) }
        router.add(.get, "/metrics") { routed, response in
            let format = ExpositionFormat(accept: routed.request.head.headers["accept"])
            let headers: HTTPHeaders = ["Content-Type": format.contentType]
            try await response.respond(.ok, headers: headers, body: metrics.exposition(format))
        }
        router.add(.get, "/config") { _, response in
            try await response.respond(.ok, text: ConfigurationListing.text(keys))
        }
    }

    private static func respond(
        _ response: HTTPResponseWriter, report: [(name: String, state: HealthState)]
    ) async throws {
        let isReady = report.allSatisfy { entry in
            if case .notReady = entry.state { false } else { true }
        }
        let headers: HTTPHeaders = ["Content-Type": "application/json", "Cache-Control": "no-store"]
        try await response.respond(
            isReady ? .ok : .serviceUnavailable, headers: headers, body: json(isReady: isReady, report))
    }

    private static func json(isReady: Bool, _ report: [(name: String, state: HealthState)]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("ready")
            writer.bool(isReady)
            writer.key("checks")
            writer.object { writer in
                for (name, state) in report {
                    writer.key(name)
                    writer.string(text(of: state))
                }
            }
        }
        return writer.bytes
    }

    private static func text(of state: HealthState) -> String {
        switch state {
        case .ready: "ready"
        case .degraded(let reason): "degraded: \(reason)"
        case .notReady(let reason): reason
        }
    }

    private static func hangingLoops(_ group: ReactorGroup) async -> [String] {
        var hanging: [String] = []
        for (index, reactor) in group.reactors.enumerated() {
            let turned = Promise<Void>()
            reactor.run { turned.fulfil(()) }
            do { try await turned.value(deadline: .after(loopLimit)) } catch { hanging.append("reactor-\(index)") }
        }
        return hanging
    }
}
