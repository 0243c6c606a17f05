/// What is usual, and how far from it things usually are: exponentially weighted, and robust, because what stands out is
/// learnt only as far as it does not stand out (values beyond three deviations are cut there).
struct RobustBaseline: Sendable, Equatable {
    private static let alpha: Float = 0.1
    private static let learned: UInt16 = 8
    /// Of a normal distribution: the mean absolute deviation is 0.8 standard deviations.
    private static let perDeviation: Float = 1.2533

    private(set) var level: Float = 0
    private(set) var deviation: Float = 0
    private(set) var count: UInt16 = 0

    init() {}

    init(level: Float, deviation: Float, count: UInt16) {
        self.level = level.isFinite ? level : 0
        self.deviation = deviation.isFinite ? max(0, deviation) : 0
        self.count = count
    }

    /// How many standard deviations `value` lies above the usual (below: negative); nil until enough is known. What is
    /// usual changes by it afterwards. `floor` is a deviation that is nothing special.
    mutating func add(_ value: Float, floor: Float) -> Double? {
        defer { learn(value, floor: floor) }
        guard count >= Self.learned else { return nil }
        return Double((value - level) / (Self.perDeviation * max(deviation, floor)))
    }

    private mutating func learn(_ value: Float, floor: Float) {
        guard count > 0 else {
            (level, count) = (value, 1)
            return
        }
        // The first few values weigh more, so that the beginning is not taken for the usual for long.
        let alpha = max(Self.alpha, 1 / Float(count + 1))
        let bound = 3 * max(deviation, floor)
        let step = count < Self.learned ? value - level : min(max(value - level, -bound), bound)
        level += alpha * step
        deviation += alpha * (abs(step) - deviation)
        if count < .max { count += 1 }
    }
}
