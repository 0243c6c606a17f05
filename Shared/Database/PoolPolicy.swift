/// Who gets which connection, when a new one is opened and when one is given up: the pool's decisions without its I/O.
///
/// Connections and waiters are numbers here. Invariants: at most `maximumConnections` are idle, leased or being opened;
/// at most `maximumWaiters` wait; nobody waits while a connection is idle; waiters are served in order of arrival.
struct PoolPolicy {
    struct Limits: Equatable {
        var maximumConnections: Int
        var maximumWaiters: Int
        var firstRetryDelay: Duration = .milliseconds(50)
        var lastRetryDelay: Duration = .seconds(2)
    }

    enum Action: Equatable {
        case grant(connection: Int, waiter: Int)
        case open(connection: Int, after: Duration)
        case close(connection: Int)
        case refuse(waiter: Int, DatabaseFailure)
    }

    private let limits: Limits
    private var idle: [Int] = []
    private var leased: Set<Int> = []
    private var opening: Set<Int> = []
    private var waiters: [Int] = []
    private var nextConnection = 0
    private var retryDelay: Duration = .zero
    private var isShutDown = false
    /// Why the last attempt to connect failed; nil once one succeeded.
    private(set) var lastFailure: DatabaseFailure?

    init(_ limits: Limits) { self.limits = limits }

    var connectionCount: Int { idle.count + leased.count + opening.count }
    var idleCount: Int { idle.count }
    var leasedCount: Int { leased.count }
    var waiterCount: Int { waiters.count }

    /// Of the idle connections one that is `near` the caller, if there is any.
    mutating func request(waiter: Int, near isNear: (Int) -> Bool = { _ in true }) -> [Action] {
        guard !isShutDown else { return [.refuse(waiter: waiter, .cancelled)] }
        if !idle.isEmpty {
            // The most recently used first: the others may grow old and be closed.
            let connection = idle.remove(at: idle.lastIndex(where: isNear) ?? idle.count - 1)
            leased.insert(connection)
            return [.grant(connection: connection, waiter: waiter)]
        }
        guard waiters.count < limits.maximumWaiters else {
            return [.refuse(waiter: waiter, .poolExhausted("\(waiters.count) callers wait already"))]
        }
        waiters.append(waiter)
        return openForWaiters()
    }

    /// The waiter's deadline passed or its task was cancelled; false when it was served in the meantime.
    @discardableResult
    mutating func abandon(waiter: Int) -> Bool {
        guard let index = waiters.firstIndex(of: waiter) else { return false }
        waiters.remove(at: index)
        return true
    }

    mutating func opened(_ connection: Int) -> [Action] {
        opening.remove(connection)
        lastFailure = nil
        retryDelay = .zero
        return place(connection) + openForWaiters()
    }

    mutating func openFailed(_ connection: Int, _ failure: DatabaseFailure) -> [Action] {
        opening.remove(connection)
        lastFailure = failure
        retryDelay = retryDelay == .zero ? limits.firstRetryDelay : min(retryDelay * 2, limits.lastRetryDelay)
        if failure.isTransient { return openForWaiters() }
        defer { waiters.removeAll() }
        return waiters.map { .refuse(waiter: $0, failure) }
    }

    mutating func released(_ connection: Int, isReusable: Bool) -> [Action] {
        leased.remove(connection)
        return isReusable ? place(connection) : [.close(connection: connection)] + openForWaiters()
    }

    mutating func shutDown() -> [Action] {
        isShutDown = true
        defer {
            idle.removeAll()
            waiters.removeAll()
        }
        return idle.map { .close(connection: $0) } + waiters.map { .refuse(waiter: $0, .cancelled) }
    }

    private mutating func place(_ connection: Int) -> [Action] {
        guard !isShutDown else { return [.close(connection: connection)] }
        guard !waiters.isEmpty else {
            idle.append(connection)
            return []
        }
        leased.insert(connection)
        return [.grant(connection: connection, waiter: waiters.removeFirst())]
    }

    /// One connection is opened per waiter nobody is opening for. While the server is away a single attempt goes on,
    /// so that its return is not greeted by a crowd.
    private mutating func openForWaiters() -> [Action] {
        var actions: [Action] = []
        let attempts = lastFailure == nil ? waiters.count : min(1, waiters.count)
        while !isShutDown, opening.count < attempts, connectionCount < limits.maximumConnections {
            nextConnection += 1
            opening.insert(nextConnection)
            actions.append(.open(connection: nextConnection, after: retryDelay))
        }
        return actions
    }
}
