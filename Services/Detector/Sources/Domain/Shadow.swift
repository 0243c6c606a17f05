import Core

/// A candidate on live traffic, in the shadow of what is in force: its settings judge the same requests with a memory of
/// their own (by what its rules found where gateways tried them), nobody is told, and what each said is counted.
struct Shadow: Sendable {
    struct Figures: Sendable, Equatable {
        var requests = 0
        var threats = 0
        var threatsInForce = 0
        var clientsOnlyCandidate = 0
        var clientsOnlyInForce = 0
        var clientsBoth = 0

        static func + (left: Figures, right: Figures) -> Figures {
            Figures(
                requests: left.requests + right.requests, threats: left.threats + right.threats,
                threatsInForce: left.threatsInForce + right.threatsInForce,
                clientsOnlyCandidate: left.clientsOnlyCandidate + right.clientsOnlyCandidate,
                clientsOnlyInForce: left.clientsOnlyInForce + right.clientsOnlyInForce,
                clientsBoth: left.clientsBoth + right.clientsBoth)
        }

        static func - (left: Figures, right: Figures) -> Figures {
            Figures(
                requests: left.requests - right.requests, threats: left.threats - right.threats,
                threatsInForce: left.threatsInForce - right.threatsInForce,
                clientsOnlyCandidate: left.clientsOnlyCandidate - right.clientsOnlyCandidate,
                clientsOnlyInForce: left.clientsOnlyInForce - right.clientsOnlyInForce,
                clientsBoth: left.clientsBoth - right.clientsBoth)
        }
    }

    private struct Accused: OptionSet, Sendable {
        let rawValue: UInt8
        static let byCandidate = Accused(rawValue: 1)
        static let inForce = Accused(rawValue: 2)
    }

    /// Clients beyond are counted as threats, not as clients.
    private static let mostAccused = 200_000

    let candidate: UUIDv7
    private var detection: Detection
    private var counted = Figures()
    private var accused: [IPAddress: Accused] = [:]
    private var tally = TrialTally()

    init(_ candidate: UUIDv7, _ settings: Detection.Settings, seed: UInt64) {
        self.candidate = candidate
        detection = Detection(settings, seed: seed)
    }

    /// What it would have said, beside what was said.
    mutating func compare(_ request: ObservedRequest, of partition: Int, said: [DetectionEvent]) {
        counted.requests += 1
        var tried = request
        if let trial = request.trial, trial.candidate == candidate {
            tally.add(request, trial)
            tried.inspection = trial.evidence
        }
        compare(detection.observe(tried, of: partition), with: said)
    }

    mutating func takeNews() -> TrialTally.News { tally.take() }
    mutating func giveBack(_ news: TrialTally.News) { tally.giveBack(news) }

    mutating func compare(_ login: FailedLogin, said: [DetectionEvent]) {
        compare(detection.observe(login), with: said)
    }

    mutating func expire(at now: Timestamp) { _ = detection.expire(at: now) }

    /// Since the beginning; the clients' figures are what they are now.
    var figures: Figures {
        var figures = counted
        for value in accused.values {
            switch value {
            case [.byCandidate, .inForce]: figures.clientsBoth += 1
            case .byCandidate: figures.clientsOnlyCandidate += 1
            default: figures.clientsOnlyInForce += 1
            }
        }
        return figures
    }

    private mutating func compare(_ events: [DetectionEvent], with said: [DetectionEvent]) {
        guard !events.isEmpty || !said.isEmpty else { return }
        for case .threat(let threat) in events {
            counted.threats += 1
            accuse(threat.client, .byCandidate)
        }
        for case .threat(let threat) in said {
            counted.threatsInForce += 1
            // Who has accused the same client of something would have had it looked at.
            tally.add(threat.id, isSilent: accused[threat.client]?.contains(.byCandidate) != true)
            accuse(threat.client, .inForce)
        }
    }

    private mutating func accuse(_ client: IPAddress, _ by: Accused) {
        if accused[client] != nil || accused.count < Self.mostAccused { accused[client, default: []].insert(by) }
    }
}
