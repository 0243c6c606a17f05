internal import Core

/// Calls that wait for their replies, by the number that ties the two together.
struct PendingCalls<Waiter> {
    private struct Call {
        let callee: ServiceName
        let waiter: Waiter
    }

    let maximum: Int
    private var calls: [UInt64: Call] = [:]
    private var newest: UInt64 = 0

    init(maximum: Int) { self.maximum = maximum }

    var count: Int { calls.count }

    /// Nil when too many wait already.
    mutating func add(_ waiter: Waiter, callee: ServiceName) -> UInt64? {
        guard calls.count < maximum else { return nil }
        newest += 1
        calls[newest] = Call(callee: callee, waiter: waiter)
        return newest
    }

    /// The waiter a reply belongs to. A reply from anybody but the callee is no reply.
    mutating func take(_ number: UInt64, answeredBy sender: ServiceName) -> Waiter? {
        guard let call = calls[number], call.callee == sender else { return nil }
        calls[number] = nil
        return call.waiter
    }

    mutating func remove(_ number: UInt64) -> Waiter? { calls.removeValue(forKey: number)?.waiter }

    mutating func removeAll() -> [Waiter] {
        defer { calls = [:] }
        return calls.values.map(\.waiter)
    }
}
