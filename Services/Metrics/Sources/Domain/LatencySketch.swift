/// Durations in logarithmic buckets: eight to each doubling, so a quantile is at most 7 % off. Sketches merge by adding
/// their buckets, which a database can do as well.
struct LatencySketch: Equatable, Sendable {
    static let bucketsPerDoubling = 8
    static let largestBucket = 31 * bucketsPerDoubling + bucketsPerDoubling - 1

    private(set) var counts: [Int: Int64] = [:]
    private(set) var total: Int64 = 0

    static func bucket(of microseconds: UInt32) -> Int {
        guard microseconds >= UInt32(bucketsPerDoubling) else { return Int(microseconds) }
        let exponent = 31 - microseconds.leadingZeroBitCount
        let fraction = Int(microseconds >> UInt32(exponent - 3)) & (bucketsPerDoubling - 1)
        return (exponent - 2) * bucketsPerDoubling + fraction
    }

    /// The largest duration that falls into the bucket.
    static func upperBound(of bucket: Int) -> UInt32 {
        guard bucket >= bucketsPerDoubling else { return UInt32(max(0, bucket)) }
        let exponent = min(31, bucket / bucketsPerDoubling + 2)
        let fraction = UInt64(bucket % bucketsPerDoubling)
        return UInt32(clamping: ((UInt64(bucketsPerDoubling) + fraction + 1) << UInt64(exponent - 3)) - 1)
    }

    mutating func add(_ microseconds: UInt32) { add(1, toBucket: Self.bucket(of: microseconds)) }

    mutating func add(_ count: Int64, toBucket bucket: Int) {
        guard (0...Self.largestBucket).contains(bucket), count > 0 else { return }
        counts[bucket, default: 0] += count
        total += count
    }

    mutating func merge(_ other: LatencySketch) {
        for (bucket, count) in other.counts { add(count, toBucket: bucket) }
    }

    /// The duration that `fraction` of all do not exceed; 0 without any.
    func quantile(_ fraction: Double) -> UInt32 {
        guard total > 0 else { return 0 }
        let rank = max(1, Int64((Double(total) * fraction).rounded(.up)))
        var passed: Int64 = 0
        for bucket in counts.keys.sorted() {
            passed += counts[bucket, default: 0]
            if passed >= rank { return Self.upperBound(of: bucket) }
        }
        return 0
    }
}
