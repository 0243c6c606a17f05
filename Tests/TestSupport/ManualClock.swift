/// A wall clock whose hands only the test moves, forwards or backwards.
package import Core
internal import Synchronization

package final class ManualClock: WallClock {
    private let moment: Mutex<Timestamp>

    /// Starts at an arbitrary but fixed moment of 2026.
    package init(_ start: Timestamp = Timestamp(seconds: 1_780_000_000)) { moment = Mutex(start) }

    package var now: Timestamp { moment.withLock { $0 } }

    package func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
    package func set(to timestamp: Timestamp) { moment.withLock { $0 = timestamp } }
}
