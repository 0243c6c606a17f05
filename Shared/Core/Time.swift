internal import Glibc

/// A moment on the wall clock, in nanoseconds since 1970. It may jump: use `Deadline` to measure or to wait.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    package init(milliseconds: Int64) { nanoseconds = milliseconds.multipliedClamped(by: 1_000_000) }
    package init(seconds: Int64) { nanoseconds = seconds.multipliedClamped(by: 1_000_000_000) }

    package static var now: Timestamp { Timestamp(nanoseconds: readClock(CLOCK_REALTIME)) }

    package var microseconds: Int64 { nanoseconds / 1_000 }
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }
    package var seconds: Int64 { nanoseconds / 1_000_000_000 }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (moment: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(nanoseconds: moment.nanoseconds.addingClamped(duration.wholeNanoseconds))
    }

    package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .nanoseconds(later.nanoseconds.addingClamped(-earlier.nanoseconds))
    }
}

/// A moment on the monotonic clock: what waits, timers and measurements use, because nobody can set it back.
package struct Deadline: Hashable, Comparable, Sendable {
    package var uptimeNanoseconds: Int64

    package init(uptimeNanoseconds: Int64) { self.uptimeNanoseconds = uptimeNanoseconds }

    package static var now: Deadline { Deadline(uptimeNanoseconds: readClock(CLOCK_MONOTONIC)) }
    package static let never = Deadline(uptimeNanoseconds: .max)

    package static func after(_ duration: Duration) -> Deadline { now + duration }

    /// What is left, never negative.
    package var remaining: Duration {
        self == .never ? .seconds(Int64.max / 1_000_000_000) : Swift.max(.zero, self - .now)
    }
    package var hasPassed: Bool { self <= .now }

    package static func < (left: Deadline, right: Deadline) -> Bool {
        left.uptimeNanoseconds < right.uptimeNanoseconds
    }

    package static func + (moment: Deadline, duration: Duration) -> Deadline {
        Deadline(uptimeNanoseconds: moment.uptimeNanoseconds.addingClamped(duration.wholeNanoseconds))
    }

    package static func - (later: Deadline, earlier: Deadline) -> Duration {
        .nanoseconds(later.uptimeNanoseconds.addingClamped(-earlier.uptimeNanoseconds))
    }
}

/// Where a decision reads the time from, so that a test can hold the hands of the clock.
package protocol WallClock: Sendable {
    var now: Timestamp { get }
}

package struct SystemClock: WallClock {
    package init() {}
    package var now: Timestamp { .now }
}

/// Notices that somebody set the wall clock: since the last look it and the monotonic clock moved by different amounts.
package struct WallClockWatch: Sendable {
    private static let tolerance = Duration.seconds(2)

    private var offset: Int64

    package init(wall: Timestamp = .now, monotonic: Deadline = .now) {
        offset = Self.offset(wall, monotonic)
    }

    /// By how much it was set since the last look; nil when it was not.
    package mutating func jump(wall: Timestamp = .now, monotonic: Deadline = .now) -> Duration? {
        let now = Self.offset(wall, monotonic)
        defer { offset = now }
        let jump = Duration.nanoseconds(now.addingClamped(-offset))
        return jump > Self.tolerance || jump < .zero - Self.tolerance ? jump : nil
    }

    private static func offset(_ wall: Timestamp, _ monotonic: Deadline) -> Int64 {
        wall.nanoseconds.addingClamped(-monotonic.uptimeNanoseconds)
    }
}

extension Duration {
    /// Nanoseconds, clamped to what an `Int64` holds (292 years).
    package var wholeNanoseconds: Int64 {
        let attoseconds = attoseconds
        let high = attoseconds >> 64
        // Nearly always one machine division does, where two of 128 bits by 128 would be made: durations are added on
        // every request.
        if high >= 0, high < 1_000_000_000 {
            let low = UInt64(truncatingIfNeeded: attoseconds)
            return Int64(clamping: UInt64(1_000_000_000).dividingFullWidth((UInt64(high), low)).quotient)
        }
        return Int64(clamping: attoseconds / 1_000_000_000)
    }
    package var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }
    package var inSeconds: Double { Double(wholeNanoseconds) / 1e9 }
}

extension Int64 {
    package func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    package func multipliedClamped(by other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}

private func readClock(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
