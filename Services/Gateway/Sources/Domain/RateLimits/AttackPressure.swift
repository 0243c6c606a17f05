import Core

/// How much of every adaptive limit is left while the gateway is under attack.
///
/// The share of refused requests is smoothed over seconds; above `calm` the limits shrink in proportion, down to `floor`
/// when half of everything is refused. They widen again as slowly as the average forgets.
struct AttackPressure: Sendable {
    private static let calm = 0.05
    private static let alarm = 0.5
    /// Fewer requests a second say nothing about an attack.
    private static let minimumRate = 20

    let floor: Double
    private let memory: Double
    private(set) var refusedShare = 0.0

    /// - Parameter halfLife: of the average, in ticks (seconds).
    init(floor: Double = 0.2, halfLife: Double = 10) {
        self.floor = floor
        memory = 1 / (1 + halfLife)
    }

    mutating func tick(requests: Int, refused: Int) {
        let share = requests >= Self.minimumRate ? Double(refused) / Double(requests) : 0
        refusedShare += (share - refusedShare) * memory
    }

    /// 1 in peace, `floor` at worst.
    var tightening: Double {
        let excess = (refusedShare - Self.calm) / (Self.alarm - Self.calm)
        return 1 - (1 - floor) * min(1, max(0, excess))
    }
}
