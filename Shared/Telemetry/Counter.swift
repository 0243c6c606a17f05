public import Synchronization

/// A number that only grows. One relaxed atomic addition per increment, from any thread.
@usableFromInline package final class Counter: Sendable {
    @usableFromInline let total = Atomic<UInt64>(0)

    package init() {}

    @inlinable package func increment(by amount: Int = 1) {
        guard amount > 0 else { return }
        total.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    package var value: UInt64 { total.load(ordering: .relaxed) }
}

/// A number that goes both ways.
@usableFromInline package final class Gauge: Sendable {
    @usableFromInline let current = Atomic<Int>(0)

    package init() {}

    @inlinable package func set(_ value: Int) { current.store(value, ordering: .relaxed) }
    @inlinable package func add(_ amount: Int) { current.wrappingAdd(amount, ordering: .relaxed) }

    package var value: Int { current.load(ordering: .relaxed) }
}
