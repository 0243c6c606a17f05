import Synchronization

/// How many answers are compressed at once. A compressor holds some hundred kilobytes as long as its client reads, so
/// their number is bounded; beyond it answers leave as they are.
final class CompressionSlots: Sendable {
    private static let maximum = 1_024
    private let taken = Atomic<Int>(0)

    /// Given back when the last reference to it goes.
    final class Slot: Sendable {
        private let slots: CompressionSlots
        fileprivate init(_ slots: CompressionSlots) { self.slots = slots }
        deinit { slots.taken.subtract(1, ordering: .relaxed) }
    }

    func take() -> Slot? {
        guard taken.add(1, ordering: .relaxed).newValue <= Self.maximum else {
            taken.subtract(1, ordering: .relaxed)
            return nil
        }
        return Slot(self)
    }
}
