package import Core

/// What is to happen to a subject's requests. Ordered by severity: where several apply, the gravest wins.
package enum EnforcementAction: Int, Comparable, Sendable, CaseIterable {
    case throttle = 1
    case challenge = 2
    case stepUp = 3
    case divert = 4
    case ban = 5

    package static func < (left: EnforcementAction, right: EnforcementAction) -> Bool { left.rawValue < right.rawValue }
}

/// Whom a decision is about, as far as the gateway can recognise them.
package enum EnforcementSubject: Hashable, Sendable {
    case network(IPNetwork)
    case account(String)
}

/// One decision in force. Every one expires: a decision without an end is refused where it enters.
package struct Enforcement: Sendable, Equatable {
    package let decision: UUIDv7
    package let subject: EnforcementSubject
    package let action: EnforcementAction
    package let expires: Timestamp
    package let reason: String
    /// Requests a second left to a throttled subject.
    package let allowedPerSecond: Double?
    package let incident: UUIDv7?

    package init(
        decision: UUIDv7, subject: EnforcementSubject, action: EnforcementAction, expires: Timestamp, reason: String,
        allowedPerSecond: Double? = nil, incident: UUIDv7? = nil
    ) {
        self.decision = decision
        self.subject = subject
        self.action = action
        self.expires = expires
        self.reason = reason
        self.allowedPerSecond = allowedPerSecond
        self.incident = incident
    }
}

/// The decisions in force, looked up once per request.
///
/// Invariants: at most `capacity` entries; one entry per decision; a lookup costs one hash per prefix length in use.
/// When full, the entry that expires first makes room: it would be gone soonest anyway.
package struct EnforcementTable: Sendable {
    package let capacity: Int
    private var byDecision: [UUIDv7: Enforcement] = [:]
    private var bySubject: [EnforcementSubject: [UUIDv7]] = [:]
    /// How many network entries have each prefix length, so that a lookup tries only lengths that exist.
    private var prefixLengths: [Int: Int] = [:]

    package init(capacity: Int = 100_000) { self.capacity = max(1, capacity) }

    package var count: Int { byDecision.count }
    package var all: some Collection<Enforcement> & Sendable { byDecision.values }

    package mutating func apply(_ enforcement: Enforcement, now: Timestamp) {
        remove(enforcement.decision)
        guard enforcement.expires > now else { return }
        if byDecision.count >= capacity { makeRoom(now: now) }
        byDecision[enforcement.decision] = enforcement
        bySubject[enforcement.subject, default: []].append(enforcement.decision)
        if case .network(let network) = enforcement.subject { prefixLengths[network.prefixLength, default: 0] += 1 }
    }

    package func contains(_ decision: UUIDv7) -> Bool { byDecision[decision] != nil }

    package func hasExpired(now: Timestamp) -> Bool { byDecision.values.contains { $0.expires <= now } }

    /// What was removed, nil when there was no such decision.
    @discardableResult
    package mutating func remove(_ decision: UUIDv7) -> Enforcement? {
        guard let enforcement = byDecision.removeValue(forKey: decision) else { return nil }
        bySubject[enforcement.subject]?.removeAll { $0 == decision }
        if bySubject[enforcement.subject]?.isEmpty == true { bySubject[enforcement.subject] = nil }
        if case .network(let network) = enforcement.subject {
            prefixLengths[network.prefixLength, default: 1] -= 1
            if prefixLengths[network.prefixLength] == 0 { prefixLengths[network.prefixLength] = nil }
        }
        return enforcement
    }

    /// Takes out what has run its time and says what it was.
    package mutating func expire(now: Timestamp) -> [Enforcement] {
        let over = byDecision.values.filter { $0.expires <= now }
        for enforcement in over { remove(enforcement.decision) }
        return over
    }

    /// The gravest decision in force for this client; between equals the one that lasts longest.
    package func lookUp(address: IPAddress, account: String? = nil, now: Timestamp) -> Enforcement? {
        guard !byDecision.isEmpty else { return nil }
        var gravest: Enforcement?
        for length in prefixLengths.keys {
            guard let network = IPNetwork(address.masked(to: length), prefixLength: length) else { continue }
            consider(.network(network), now: now, &gravest)
        }
        if let account { consider(.account(account), now: now, &gravest) }
        return gravest
    }

    private func consider(_ subject: EnforcementSubject, now: Timestamp, _ gravest: inout Enforcement?) {
        for decision in bySubject[subject] ?? [] {
            guard let candidate = byDecision[decision], candidate.expires > now else { continue }
            guard let current = gravest else {
                gravest = candidate
                continue
            }
            if (candidate.action, candidate.expires) > (current.action, current.expires) { gravest = candidate }
        }
    }

    private mutating func makeRoom(now: Timestamp) {
        guard expire(now: now).isEmpty, let soonest = byDecision.values.min(by: { $0.expires < $1.expires }) else {
            return
        }
        remove(soonest.decision)
    }
}
