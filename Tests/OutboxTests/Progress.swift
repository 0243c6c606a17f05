internal import Synchronization

/// How far a kill test has come, counted by any thread.
final class Progress: Sendable {
    private let number = Atomic<Int>(0)
    var count: Int { number.load(ordering: .relaxed) }
    func add(_ amount: Int) { number.add(amount, ordering: .relaxed) }
}
