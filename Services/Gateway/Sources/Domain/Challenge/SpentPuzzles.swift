import Core

/// Puzzles that were solved and must not be used again, for as long as they could be.
///
/// Two generations, each as long as a puzzle lives, so that forgetting costs nothing. Bounded; when full, a proof is turned
/// away rather than accepted unremembered. Each replica has its own: elsewhere a proof may be used once more, by the same
/// client and for the same thing.
struct SpentPuzzles: Sendable {
    let capacity: Int
    private var current: Set<[UInt8]> = []
    private var previous: Set<[UInt8]> = []
    private var currentUntil = Timestamp(seconds: 0)
    /// Replicas' clocks may differ by as much as puzzles allow.
    private static let generation = Puzzle.lifetime + .seconds(30)

    init(capacity: Int = 100_000) { self.capacity = max(1, capacity) }

    var count: Int { current.count + previous.count }

    mutating func spend(_ code: [UInt8], now: Timestamp) throws(ChallengeRefusal) {
        turn(now)
        guard !current.contains(code), !previous.contains(code) else { throw .spent }
        guard current.count < capacity else { throw .busy }
        current.insert(code)
    }

    private mutating func turn(_ now: Timestamp) {
        guard now >= currentUntil else { return }
        previous = now < currentUntil + Self.generation ? current : []
        current = []
        currentUntil = now + Self.generation
    }
}
