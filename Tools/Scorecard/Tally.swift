internal import Inspection
internal import Measuring

/// What the engine made of one corpus.
struct Tally {
    struct Count {
        var all = 0
        var blocked = 0
        /// At least; what is blocked is counted here too.
        var alerted = 0
        var share: Double { all == 0 ? .nan : Double(blocked) / Double(all) }
    }

    var corpus: String
    var attacks = Count()
    var benign = Count()
    var categories: [String: Count] = [:]
    /// Of the honest requests, where a set tells kinds of these apart.
    var honestKinds: [String: Count] = [:]
    var microseconds = 0.0

    mutating func add(_ request: LabelledRequest, _ action: InspectionVerdict.Action) {
        let count = action == .block ? 1 : 0
        let alert = action == .allow ? 0 : 1
        if request.isAttack {
            attacks.all += 1
            attacks.blocked += count
            attacks.alerted += alert
            categories[request.category, default: Count()].all += 1
            categories[request.category, default: Count()].blocked += count
        } else {
            benign.all += 1
            benign.blocked += count
            benign.alerted += alert
            guard request.category != "none" else { return }
            honestKinds[request.category, default: Count()].all += 1
            honestKinds[request.category, default: Count()].blocked += count
        }
    }

    /// In percent: the mean of what is found and what is let pass; one half alone where a set has but one kind.
    var balanced: Double {
        let halves = [attacks.all == 0 ? nil : attacks.share, benign.all == 0 ? nil : 1 - benign.share]
            .compactMap { $0 }
        return halves.reduce(0, +) / Double(max(1, halves.count)) * 100
    }
}
