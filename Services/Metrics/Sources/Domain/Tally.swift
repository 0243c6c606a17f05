import Core

/// Counts of tumbling minutes, collected from a batch of observations before they are stored as one.
///
/// Bounded: attackers of a minute by `HeavyHitters`, everything else by what it is; an observation from a time that is
/// absurd counts for now.
struct Tally: Sendable {
    struct Key: Hashable, Comparable, Sendable {
        let minute: Int64
        let measure: Measure
        let key: String

        static func < (left: Key, right: Key) -> Bool {
            (left.minute, left.measure.rawValue, left.key) < (right.minute, right.measure.rawValue, right.key)
        }
    }

    static let attackersPerMinute = 64
    private static let oldest = Duration.seconds(86_400)
    private static let newest = Duration.seconds(300)

    private let now: Timestamp
    private var amounts: [Key: Int64] = [:]
    private var attackers: [Int64: HeavyHitters] = [:]

    init(now: Timestamp) { self.now = now }

    var isEmpty: Bool { amounts.isEmpty && attackers.isEmpty }

    mutating func add(_ measure: Measure, at moment: Timestamp, key: String = "", _ amount: Int64 = 1) {
        guard amount > 0 else { return }
        amounts[Key(minute: minute(of: moment), measure: measure, key: key), default: 0] += amount
    }

    mutating func addAttacker(_ subject: String, at moment: Timestamp) {
        attackers[minute(of: moment), default: HeavyHitters(capacity: Self.attackersPerMinute)]
            .add(String(subject.prefix(256)))
    }

    mutating func add(_ request: RequestFacts) {
        let moment = request.observedAt
        add(.requests, at: moment)
        if let effect = request.effect { add(effect, at: moment) }
        if (400..<500).contains(request.status) { add(.clientErrors, at: moment) }
        if request.status >= 500 { add(.serverErrors, at: moment) }
        add(.requestBytes, at: moment, Int64(clamping: request.requestBytes))
        add(.responseBytes, at: moment, Int64(clamping: request.responseBytes))
        add(.latency, at: moment, key: String(LatencySketch.bucket(of: request.durationMicroseconds)))
    }

    /// In one order, so that two writers never wait for each other in a circle.
    var entries: [(key: Key, amount: Int64)] {
        let named = attackers.flatMap { minute, hitters in
            hitters.counts.map { (Key(minute: minute, measure: .attacker, key: $0.key), $0.value) }
        }
        return (amounts.map { ($0.key, $0.value) } + named).sorted { $0.0 < $1.0 }.map { (key: $0.0, amount: $0.1) }
    }

    /// The sum over all minutes and keys, for what the service tells of itself.
    func total(of measure: Measure) -> Int64 {
        amounts.reduce(0) { $0 + ($1.key.measure == measure ? $1.value : 0) }
    }

    private func minute(of moment: Timestamp) -> Int64 {
        let isAbsurd = moment - now > Self.newest || now - moment > Self.oldest
        return (isAbsurd ? now : moment).seconds / 60
    }
}

/// What counts of a request.
struct RequestFacts: Equatable, Sendable {
    var observedAt: Timestamp
    var status: Int
    /// What was done to it, when something was.
    var effect: Measure?
    var requestBytes: UInt64
    var responseBytes: UInt64
    var durationMicroseconds: UInt32
}
