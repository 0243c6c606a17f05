package import Core

/// Counts what costs a peer nothing and us something: resets, settings, pings, priorities, empty frames. Each kind has a
/// bucket that fills with time and with useful traffic; whoever empties one is told ENHANCE_YOUR_CALM (RFC 9113 §10.5).
package struct HTTP2FloodGuard: Sendable {
    package enum Event: Sendable {
        /// A stream given up by the peer, or that the peer made us give up.
        case reset
        /// SETTINGS, PING, PRIORITY, DATA without content. Frames of unknown type are skipped by nghttp2 at no cost.
        case idleFrame
        case windowUpdate
        /// A stream that came to its end, content that moved.
        case useful
    }

    private struct Bucket {
        private let burst: Double
        private let perSecond: Double
        private var tokens: Double
        private var filledAt: Deadline

        init(burst: Double, perSecond: Double, at now: Deadline) {
            self.burst = burst
            self.perSecond = perSecond
            tokens = burst
            filledAt = now
        }

        mutating func take(at now: Deadline) -> Bool {
            let nanoseconds = max(0, now.uptimeNanoseconds - filledAt.uptimeNanoseconds)
            tokens = min(burst, tokens + Double(nanoseconds) / 1e9 * perSecond)
            filledAt = now
            tokens -= 1
            return tokens >= 0
        }

        mutating func refund(_ count: Double) { tokens = min(burst, tokens + count) }
    }

    private var resets: Bucket
    private var idleFrames: Bucket
    private var windowUpdates: Bucket

    package init(at now: Deadline) {
        resets = Bucket(burst: 200, perSecond: 20, at: now)
        idleFrames = Bucket(burst: 200, perSecond: 20, at: now)
        windowUpdates = Bucket(burst: 2_000, perSecond: 200, at: now)
    }

    /// False when the peer has had enough.
    package mutating func allows(_ event: Event, at now: Deadline) -> Bool {
        switch event {
        case .reset: return resets.take(at: now)
        case .idleFrame: return idleFrames.take(at: now)
        case .windowUpdate: return windowUpdates.take(at: now)
        case .useful:
            resets.refund(1)
            idleFrames.refund(1)
            windowUpdates.refund(4)
            return true
        }
    }
}
