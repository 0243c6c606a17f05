import Contracts
import Core
import Messaging
import Reactor
import ServiceKit
import Telemetry

/// Identity: who may come in, proved by tokens that the gateway checks without asking.
///
/// Answers calls from the bus, and once a minute does its upkeep: keys that are due, rows that nobody needs any more.
final class AuthService: Service {
    static let name = ServiceName.auth

    private static let upkeepInterval = Duration.seconds(60)
    /// Ended sessions stay visible so long.
    private static let sessionMemory = Duration.seconds(86_400)

    private let parts: AuthParts
    private let runtime: ServiceRuntime

    init(_ configuration: AuthConfiguration, _ runtime: ServiceRuntime) async throws {
        self.runtime = runtime
        parts = try AuthParts(
            configuration, database: runtime.database, outbox: runtime.outbox, metrics: runtime.metrics,
            clock: runtime.clock)
    }

    func start() async throws {
        try await parts.keys.refresh()
        if try await !CreateAccount(parts: parts).createFirst(deadline: .after(.seconds(30))) {
            runtime.log.warning(
                "nobody can sign in: there is no account; set first_administrator.secret and start again")
        }
        serveCalls()
        runtime.every(Self.upkeepInterval, "upkeep") { [self] in try await keepUp() }
    }

    func stop(deadline: Deadline) async {}

    // MARK: Calls

    private func serveCalls() {
        let (issue, end, list) = (IssueToken(parts: parts), EndSession(parts: parts), Listings(parts: parts))
        let create = CreateAccount(parts: parts)
        serve(AuthRPC.issueToken) { try await issue.answer($0, $1) }
        serve(AuthRPC.revokeToken) { try await end.answer($0, $1) }
        serve(AuthRPC.revokeSession) { try await end.answer($0, $1) }
        serve(AuthRPC.getSigningKeys) { list.answer($0, $1) }
        serve(AuthRPC.listSessions) { try await list.answer($0, $1) }
        serve(AuthRPC.listRevocations) { try await list.answer($0, $1) }
        serve(AuthRPC.listUsers) { try await list.answer($0, $1) }
        serve(AuthRPC.createUser) { try await create.answer($0, $1) }
    }

    private func serve<Request: WireMessage, Response: WireMessage>(
        _ method: RPCMethod<Request, Response>, _ answer: @escaping @Sendable (Request, Caller) async throws -> Response
    ) {
        runtime.bus.serve(method) { request, context in
            try await answer(
                request, Caller(principal: context.principal, trace: context.trace, deadline: context.deadline))
        }
    }

    // MARK: Upkeep

    private func keepUp() async throws {
        let now = runtime.clock.now
        try await parts.keys.refresh()
        _ = try await parts.revocations.prune(now: now)
        _ = try await parts.sessions.prune(endedBefore: now + (Duration.zero - Self.sessionMemory))
    }
}
