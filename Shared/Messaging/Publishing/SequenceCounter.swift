internal import Synchronization

/// Counts from one, on any threads.
final class SequenceCounter: Sendable {
    private let newest = Atomic<UInt64>(0)

    func next() -> UInt64 { newest.wrappingAdd(1, ordering: .relaxed).newValue }
}
