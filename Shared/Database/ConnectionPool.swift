internal import Core
internal import Reactor
internal import Synchronization

/// Lends connections: `PoolPolicy` decides, this class keeps the connections, wakes the waiters and opens what the
/// policy asks for. One lock guards both; nothing is awaited, and nobody is resumed, while it is held.
final class ConnectionPool: Sendable {
    private struct State {
        var policy: PoolPolicy
        var connections: [Int: PostgreSQLConnection] = [:]
        var waiters: [Int: Promise<Result<Lease, DatabaseFailure>>] = [:]
        var lastWaiter = 0
    }

    struct Lease: Sendable {
        let number: Int
        let connection: PostgreSQLConnection
    }

    private let configuration: DatabaseConfiguration
    private let group: ReactorGroup
    private let state: Mutex<State>

    init(_ configuration: DatabaseConfiguration, group: ReactorGroup) {
        self.configuration = configuration
        self.group = group
        state = Mutex(
            State(
                policy: PoolPolicy(
                    .init(
                        maximumConnections: configuration.poolSize, maximumWaiters: configuration.maximumWaiters))))
    }

    struct Occupancy: Sendable, Equatable {
        let idle: Int
        let leased: Int
        let waiting: Int
    }

    var occupancy: Occupancy {
        state.withLock {
            Occupancy(idle: $0.policy.idleCount, leased: $0.policy.leasedCount, waiting: $0.policy.waiterCount)
        }
    }

    /// A connection whose server end was there a moment ago.
    func lease(deadline: Deadline) async throws(DatabaseFailure) -> Lease {
        while true {
            let lease = try await anyConnection(deadline: deadline)
            if lease.connection.isAlive() { return lease }
            release(lease, isReusable: false)
        }
    }

    func release(_ lease: Lease, isReusable: Bool) {
        perform { $0.policy.released(lease.number, isReusable: isReusable) }
    }

    func shutDown() { perform { $0.policy.shutDown() } }

    private func anyConnection(deadline: Deadline) async throws(DatabaseFailure) -> Lease {
        let promise = Promise<Result<Lease, DatabaseFailure>>()
        var waiter = 0
        perform { state in
            state.lastWaiter += 1
            waiter = state.lastWaiter
            state.waiters[waiter] = promise
            let connections = state.connections
            return state.policy.request(waiter: waiter) { connections[$0]?.reactor.isCurrent == true }
        }
        var wasCancelled = false
        do throws(StreamFailure) {
            _ = try await promise.value(deadline: deadline)
        } catch {
            wasCancelled = error == .cancelled
        }
        guard let outcome = promise.current else { throw giveUp(waiter, promise, wasCancelled: wasCancelled) }
        return try outcome.get()
    }

    /// Too late, or cancelled. The promise settles who has a connection granted at this very moment: whoever fulfils
    /// it second sees that, and the connection goes back.
    private func giveUp(
        _ waiter: Int, _ promise: Promise<Result<Lease, DatabaseFailure>>, wasCancelled: Bool
    ) -> DatabaseFailure {
        let failure = state.withLock { state in
            state.waiters[waiter] = nil
            state.policy.abandon(waiter: waiter)
            return state.policy.lastFailure
        }
        if !promise.fulfil(.failure(.cancelled)), case .success(let lease)? = promise.current {
            release(lease, isReusable: true)
        }
        return wasCancelled ? .cancelled : failure ?? .poolExhausted("all \(configuration.poolSize) stayed busy")
    }

    // MARK: Carrying out what the policy decides

    private func perform(_ decide: (inout State) -> [PoolPolicy.Action]) {
        // Connections are closed and tasks resumed after the lock is released.
        var closed: [PostgreSQLConnection] = []
        var served: [(Promise<Result<Lease, DatabaseFailure>>, Result<Lease, DatabaseFailure>)] = []
        var toOpen: [(number: Int, delay: Duration)] = []
        state.withLock { state in
            for action in decide(&state) {
                switch action {
                case .grant(let number, let waiter):
                    guard let connection = state.connections[number],
                        let promise = state.waiters.removeValue(forKey: waiter)
                    else { continue }
                    served.append((promise, .success(Lease(number: number, connection: connection))))
                case .refuse(let waiter, let failure):
                    guard let promise = state.waiters.removeValue(forKey: waiter) else { continue }
                    served.append((promise, .failure(failure)))
                case .close(let number):
                    if let connection = state.connections.removeValue(forKey: number) { closed.append(connection) }
                case .open(let number, let delay):
                    toOpen.append((number, delay))
                }
            }
        }
        for (promise, outcome) in served where !promise.fulfil(outcome) {
            if case .success(let lease) = outcome { release(lease, isReusable: true) }
        }
        for (number, delay) in toOpen { open(number, after: delay) }
    }

    private func open(_ number: Int, after delay: Duration) {
        let reactor = group.next()
        reactor.run {
            do { try await Reactor.sleep(until: .after(delay)) } catch { return }
            do throws(DatabaseFailure) {
                let connection = try await self.connect(on: reactor)
                self.perform { state in
                    state.connections[number] = connection
                    return state.policy.opened(number)
                }
            } catch {
                self.perform { $0.policy.openFailed(number, error) }
            }
        }
    }

    func connect(on reactor: Reactor) async throws(DatabaseFailure) -> PostgreSQLConnection {
        let deadline = Deadline.after(configuration.connectTimeout)
        var failure = DatabaseFailure.unreachable("no address")
        for address in try await HostAddress.resolve(configuration.host, deadline: deadline) {
            do throws(DatabaseFailure) {
                return try await PostgreSQLConnection.open(
                    configuration, address: address, on: reactor, deadline: deadline)
            } catch {
                failure = error
            }
        }
        throw failure
    }
}
