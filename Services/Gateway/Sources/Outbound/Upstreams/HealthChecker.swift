import Core
import HTTP
import Reactor
import Telemetry

/// Asks an upstream's endpoints whether they are well, each on its own, and tells the board.
struct HealthChecker: Sendable {
    private static let longestAnswer = 64 << 10

    private let upstream: LiveUpstream
    /// Connections of its own: an endpoint must not look ill because all that lead to it are busy.
    private let client: HTTPClient
    private let policy: HealthPolicy
    private let log: Logger

    init(_ upstream: LiveUpstream, group: ReactorGroup, log: Logger) {
        self.upstream = upstream
        client = HTTPClient(upstream.clientConfiguration, group: group)
        policy = upstream.settings.health ?? HealthPolicy()
        self.log = log
    }

    /// Until the task is cancelled.
    func watch(_ index: Int) async {
        var random = QuickRandom()
        while !Task.isCancelled {
            let reason = await whatIsWrong(index)
            guard !Task.isCancelled else { return }
            if upstream.board.checked(index, isWell: reason == nil, policy, now: .now) { say(index, reason) }
            // A tenth of chance, so that the checks of many replicas do not fall together.
            let pause = Double(policy.interval.wholeNanoseconds) * (0.9 + 0.2 * random.fraction())
            try? await Reactor.sleep(for: .nanoseconds(Int64(pause)))
        }
    }

    private func whatIsWrong(_ index: Int) async -> String? {
        let endpoint = upstream.endpoints[index]
        let request = HTTPClientRequest(.get, policy.path, headers: ["User-Agent": "infinite-health-check"])
        do {
            let answer = try await client.send(request, to: endpoint, deadline: .after(policy.timeout))
            _ = try? await answer.body.collect(upTo: Self.longestAnswer, deadline: .after(policy.timeout))
            await answer.body.abandon()
            return policy.expected.contains(answer.status.code) ? nil : "\(answer.status)"
        } catch {
            return "\(error)"
        }
    }

    private func say(_ index: Int, _ reason: String?) {
        let fields: LogFields = [
            "upstream": .string(upstream.settings.name),
            "endpoint": .string(upstream.settings.endpoints[index].address), "reason": .string(reason ?? ""),
        ]
        if reason == nil {
            log.info("an upstream's endpoint is well again", fields)
        } else {
            log.warning("an upstream's endpoint is not well and gets no requests", fields)
        }
    }
}
