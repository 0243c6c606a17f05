import Core

/// What a candidate's rules and model made of the requests that gateways tried them on, beside what was made of these:
/// counted in both directions, by rule, with a few examples. Pure, and bounded.
struct TrialTally: Sendable {
    struct Figures: Sendable, Equatable {
        var requests = 0
        /// An alert or more.
        var found = Sides()
        var blocked = Sides()
    }

    /// Whom of the two something is true of.
    struct Sides: Sendable, Equatable {
        var onlyCandidate = 0
        var onlyInForce = 0
        var both = 0

        mutating func add(candidate: Bool, inForce: Bool) {
            switch (candidate, inForce) {
            case (true, true): both += 1
            case (true, false): onlyCandidate += 1
            case (false, true): onlyInForce += 1
            case (false, false): break
            }
        }
    }

    struct Example: Sendable, Equatable {
        var request: UUIDv7
        var at: Timestamp
        var route: String
        var path: [UInt8]
        var score: Double
        var scoreInForce: Double
        var onlyCandidate: RuleMatch?
        var onlyInForce: RuleMatch?
    }

    /// What was counted since it was last handed over.
    struct News: Sendable, Equatable {
        var figures = Figures()
        var rules: [String: Sides] = [:]
        var examples: [Example] = []
        /// Threats that were told, and whether the candidate was silent about their clients.
        var threats: [(id: UUIDv7, isSilent: Bool)] = []

        var isEmpty: Bool { figures.requests == 0 && threats.isEmpty }

        static func == (left: News, right: News) -> Bool {
            left.figures == right.figures && left.rules == right.rules && left.examples == right.examples
                && left.threats.elementsEqual(right.threats) { $0 == $1 }
        }
    }

    /// Of rules that make a difference; those that come later are counted with the requests only.
    private static let mostRules = 500
    /// In each direction.
    private static let mostExamples = 5
    private static let mostThreats = 20_000
    private static let longestPath = 256

    private var news = News()
    private var knownRules: Set<String> = []
    private var examples = (more: 0, less: 0)
    private var threats = 0

    mutating func add(_ request: ObservedRequest, _ trial: ObservedRequest.Trial) {
        news.figures.requests += 1
        news.figures.found.add(candidate: trial.action > .allow, inForce: trial.actionInForce > .allow)
        news.figures.blocked.add(candidate: trial.action == .block, inForce: trial.actionInForce == .block)
        let inForce = request.inspection ?? .nothing
        let rules = (Set(trial.evidence.findings.map(\.rule)), Set(inForce.findings.map(\.rule)))
        for rule in rules.0.symmetricDifference(rules.1) {
            note(rule) { $0.add(candidate: rules.0.contains(rule), inForce: rules.1.contains(rule)) }
        }
        keep(request, trial, inForce, rules)
    }

    mutating func add(_ threat: UUIDv7, isSilent: Bool) {
        guard threats < Self.mostThreats else { return }
        threats += 1
        news.threats.append((threat, isSilent))
    }

    /// Hands over what is new; what cannot be told after all is given back.
    mutating func take() -> News {
        defer { news = News() }
        return news
    }

    mutating func giveBack(_ old: News) {
        var all = old
        all.figures.requests += news.figures.requests
        all.figures.found += news.figures.found
        all.figures.blocked += news.figures.blocked
        all.rules.merge(news.rules) { $0 + $1 }
        all.examples += news.examples
        all.threats += news.threats
        news = all
    }

    private mutating func note(_ rule: String, _ count: (inout Sides) -> Void) {
        if !knownRules.contains(rule) {
            guard knownRules.count < Self.mostRules else { return }
            knownRules.insert(rule)
        }
        count(&news.rules[rule, default: Sides()])
    }

    private mutating func keep(
        _ request: ObservedRequest, _ trial: ObservedRequest.Trial, _ inForce: RuleEvidence,
        _ rules: (candidate: Set<String>, inForce: Set<String>)
    ) {
        guard trial.action != trial.actionInForce else { return }
        let isMore = trial.action > trial.actionInForce
        guard (isMore ? examples.more : examples.less) < Self.mostExamples else { return }
        if isMore { examples.more += 1 } else { examples.less += 1 }
        func strongest(_ findings: [RuleMatch], without others: Set<String>) -> RuleMatch? {
            findings.filter { !others.contains($0.rule) }.max { $0.weight < $1.weight }
        }
        news.examples.append(
            Example(
                request: request.id, at: request.at, route: request.route,
                path: Array(request.path.prefix(Self.longestPath)), score: trial.evidence.score,
                scoreInForce: inForce.score,
                onlyCandidate: strongest(trial.evidence.findings, without: rules.inForce),
                onlyInForce: strongest(inForce.findings, without: rules.candidate)))
    }
}

extension TrialTally.Sides {
    static func + (left: Self, right: Self) -> Self {
        Self(
            onlyCandidate: left.onlyCandidate + right.onlyCandidate, onlyInForce: left.onlyInForce + right.onlyInForce,
            both: left.both + right.both)
    }

    static func += (left: inout Self, right: Self) { left = left + right }
}
