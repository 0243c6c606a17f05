import Contracts
import Core
import Database
import Messaging
import Reactor
import ServiceKit
import Synchronization
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
    private let upkeep = Mutex<TaskHandle?>(nil)

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
        let task = runtime.group.next().run { [self] in await keepUp() }
        upkeep.withLock { $0 = task }
    }

    func stop(deadline: Deadline) async {
        let task = upkeep.withLock { $0 }
        task?.cancel()
        await task?.value()
    }

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
        let log = runtime.log
        runtime.bus.serve(method) { request, context in
            let caller = Caller(principal: context.principal, trace: context.trace, deadline: context.deadline)
            do {
                return try await answer(request, caller)
            } catch {
                throw Self.failure(error, of: method.name, log.with(trace: context.trace))
            }
        }
    }

    /// What the caller is told; what only we should know goes to the log.
    private static func failure(_ error: any Error, of call: String, _ log: Logger) -> Failure {
        switch error {
        case let failure as Failure: return failure
        case let failure as AuthFailure: return failure.failure
        case let failure as DatabaseFailure:
            log.error("a call failed in the database", ["call": .string(call), "error": .error(failure)])
            return failure.failure
        default:
            log.error("a call failed", ["call": .string(call), "error": .error(error)])
            return Failure(.internalError, "The request could not be answered; the service's log says why.")
        }
    }

    // MARK: Upkeep

    private func keepUp() async {
        while true {
            do {
                try await Reactor.sleep(for: Self.upkeepInterval)
            } catch {
                return
            }
            do {
                try await keepUpOnce()
            } catch {
                runtime.log.warning("upkeep failed and is tried again in a minute", ["error": .error(error)])
            }
        }
    }

    private func keepUpOnce() async throws {
        let now = runtime.clock.now
        try await parts.keys.refresh()
        _ = try await parts.revocations.prune(now: now)
        _ = try await parts.sessions.prune(endedBefore: now + (Duration.zero - Self.sessionMemory))
    }
}
