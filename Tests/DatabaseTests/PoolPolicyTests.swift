internal import TestSupport
import Testing

@testable import Database

@Suite struct PoolPolicyTests {
    private let away = DatabaseFailure.unreachable("server down")

    private func policy(connections: Int = 2, waiters: Int = 3) -> PoolPolicy {
        PoolPolicy(
            .init(
                maximumConnections: connections, maximumWaiters: waiters, firstRetryDelay: .milliseconds(10),
                lastRetryDelay: .milliseconds(30)))
    }

    @Test("the first caller opens a connection, the next takes it over")
    func reuse() {
        var pool = policy()
        #expect(pool.request(waiter: 1) == [.open(connection: 1, after: .zero)])
        #expect(pool.opened(1) == [.grant(connection: 1, waiter: 1)])
        #expect(pool.released(1, isReusable: true) == [])
        #expect(pool.request(waiter: 2) == [.grant(connection: 1, waiter: 2)])
    }

    @Test("of the idle connections a near one is lent, or else the one used last")
    func near() {
        var pool = policy(connections: 3)
        for waiter in 1...3 { _ = pool.request(waiter: waiter) }
        for connection in 1...3 { _ = pool.opened(connection) }
        for connection in 1...3 { _ = pool.released(connection, isReusable: true) }
        #expect(pool.request(waiter: 4, near: { $0 == 2 }) == [.grant(connection: 2, waiter: 4)])
        #expect(pool.request(waiter: 5, near: { $0 == 2 }) == [.grant(connection: 3, waiter: 5)])
    }

    @Test("no more connections than allowed; waiters are served in order; a full queue refuses")
    func bounds() {
        var pool = policy()
        #expect(pool.request(waiter: 1) == [.open(connection: 1, after: .zero)])
        #expect(pool.request(waiter: 2) == [.open(connection: 2, after: .zero)])
        #expect(pool.request(waiter: 3) == [])
        #expect(pool.request(waiter: 4) == [.refuse(waiter: 4, .poolExhausted("3 callers wait already"))])
        #expect(pool.opened(1) == [.grant(connection: 1, waiter: 1)])
        #expect(pool.opened(2) == [.grant(connection: 2, waiter: 2)])
        #expect(pool.released(2, isReusable: true) == [.grant(connection: 2, waiter: 3)])
        #expect(pool.connectionCount == 2)
    }

    @Test("a broken connection makes room for a new one")
    func broken() {
        var pool = policy(connections: 1)
        _ = pool.request(waiter: 1)
        _ = pool.opened(1)
        #expect(pool.request(waiter: 2) == [])
        #expect(pool.released(1, isReusable: false) == [.close(connection: 1), .open(connection: 2, after: .zero)])
    }

    @Test("while the server is away one attempt at a time goes on, slower and slower up to a limit")
    func backOff() {
        var pool = policy()
        _ = pool.request(waiter: 1)
        _ = pool.request(waiter: 2)
        #expect(pool.openFailed(1, away) == [])
        #expect(pool.openFailed(2, away) == [.open(connection: 3, after: .milliseconds(20))])
        #expect(pool.openFailed(3, away) == [.open(connection: 4, after: .milliseconds(30))])
        #expect(pool.lastFailure == away)
        #expect(pool.opened(4) == [.grant(connection: 4, waiter: 1), .open(connection: 5, after: .zero)])
        #expect(pool.lastFailure == nil)
    }

    @Test("a refusal for good ends everybody's wait at once")
    func refusal() {
        let wrong = DatabaseFailure.refused(sqlState: "28P01", message: "password authentication failed")
        var pool = policy()
        _ = pool.request(waiter: 1)
        _ = pool.request(waiter: 2)
        #expect(pool.openFailed(1, wrong) == [.refuse(waiter: 1, wrong), .refuse(waiter: 2, wrong)])
        #expect(pool.waiterCount == 0)
    }

    @Test("who gave up is not served")
    func abandoned() {
        var pool = policy(connections: 1)
        _ = pool.request(waiter: 1)
        let first = pool.abandon(waiter: 1)
        let second = pool.abandon(waiter: 1)
        #expect(first && !second)
        #expect(pool.opened(1) == [])
        #expect(pool.idleCount == 1)
    }

    @Test("after the shutdown everything that comes back is closed and everybody is refused")
    func shutDown() {
        var pool = policy()
        _ = pool.request(waiter: 1)
        _ = pool.opened(1)
        #expect(pool.shutDown() == [])
        #expect(pool.released(1, isReusable: true) == [.close(connection: 1)])
        #expect(pool.request(waiter: 2) == [.refuse(waiter: 2, .cancelled)])
    }

    @Test("under random events nobody waits beside an idle connection and the bounds hold")
    func invariants() {
        var generator = SeededGenerator(seed: 7)
        var pool = policy(connections: 3, waiters: 5)
        var opening: [Int] = []
        var leased: [Int] = []
        var waiter = 0
        func carryOut(_ actions: [PoolPolicy.Action]) {
            for action in actions {
                switch action {
                case .open(let connection, _): opening.append(connection)
                case .grant(let connection, _): leased.append(connection)
                case .close, .refuse: break
                }
            }
        }
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                waiter += 1
                carryOut(pool.request(waiter: waiter))
            case 1 where !opening.isEmpty:
                let connection = opening.removeFirst()
                carryOut(Bool.random(using: &generator) ? pool.opened(connection) : pool.openFailed(connection, away))
            case 2 where !leased.isEmpty:
                carryOut(pool.released(leased.removeLast(), isReusable: Bool.random(using: &generator)))
            default:
                pool.abandon(waiter: waiter)
            }
            #expect(pool.connectionCount <= 3 && pool.waiterCount <= 5)
            #expect(pool.idleCount == 0 || pool.waiterCount == 0)
            #expect(pool.leasedCount == leased.count)
            #expect(pool.waiterCount == 0 || !opening.isEmpty || !leased.isEmpty)
        }
    }
}
