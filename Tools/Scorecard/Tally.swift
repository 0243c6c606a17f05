/// What the engine made of one corpus.
struct Tally {
    struct Count {
        var all = 0
        var blocked = 0
        var share: Double { all == 0 ? .nan : Double(blocked) / Double(all) }
    }

    var corpus: String
    var attacks = Count()
    var benign = Count()
    var categories: [String: Count] = [:]
    var microseconds = 0.0

    mutating func add(_ request: LabelledRequest, blocked: Bool) {
        let count = blocked ? 1 : 0
        if request.isAttack {
            attacks.all += 1
            attacks.blocked += count
            categories[request.category, default: Count()].all += 1
            categories[request.category, default: Count()].blocked += count
        } else {
            benign.all += 1
            benign.blocked += count
        }
    }

    /// The mean of what is found and what is let pass; only where a set has both kinds.
    var balancedAccuracy: Double? {
        attacks.all == 0 || benign.all == 0 ? nil : (attacks.share + 1 - benign.share) / 2
    }
}
