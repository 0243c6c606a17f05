import Core
import Glibc

/// Eight counts that forget together: each event weighs half as much after every half-life.
struct DecayingCounts: Sendable, Equatable {
    enum Kind: Int {
        case requests, notFound, refused, broken, suspicion, failedLogins, assets, referred
    }

    private(set) var values: SIMD8<Float> = .zero
    private(set) var updatedAt = Timestamp(nanoseconds: 0)

    init() {}

    init(values: SIMD8<Float>, updatedAt: Timestamp) {
        self.values = values
        for index in 0..<8 where !(values[index] >= 0 && values[index].isFinite) { self.values[index] = 0 }
        self.updatedAt = updatedAt
    }

    /// Brings all counts to `now`. A clock that was set back neither grows nor shrinks them.
    mutating func decay(to now: Timestamp, halfLife: Duration) {
        let age = (now - updatedAt).inSeconds
        guard age > 0 else { return }
        values *= Float(exp2(-age / halfLife.inSeconds))
        updatedAt = now
    }

    mutating func add(_ kind: Kind, _ amount: Float = 1) { values[kind.rawValue] += amount }

    /// As of the last `decay`.
    subscript(kind: Kind) -> Double { Double(values[kind.rawValue]) }

    func share(of kind: Kind) -> Double { self[kind] / max(1, self[.requests]) }
}
