package import Core
import Cryptography
import Synchronization

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
    /// The identifier of a user.
    case account(String)
    case session(UUIDv7)
    /// By its SHA-256 in hexadecimal digits: decisions travel far, keys must not.
    case apiKey(String)

    package static func digest(ofKey key: ArraySlice<UInt8>) -> String { Hex.encode(SHA256.hash(Array(key))) }
}

/// All that is known of who sends a request.
package struct EnforcementTarget: Sendable {
    package var address: IPAddress
    package var account: String?
    package var session: UUIDv7?
    /// Its digest.
    package var apiKey: String?

    package init(address: IPAddress, account: String? = nil) { (self.address, self.account) = (address, account) }
}

/// How many requests a decision changed since it is in force here. It says nothing about whether two decisions are equal.
package final class EnforcementHits: Sendable, Equatable {
    private let count = Atomic<Int>(0)
    package init() {}
    package var current: Int { count.load(ordering: .relaxed) }
    package func note() { count.add(1, ordering: .relaxed) }
    package static func == (left: EnforcementHits, right: EnforcementHits) -> Bool { true }
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
    package fileprivate(set) var hits = EnforcementHits()

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
    private var callers = 0
    private var keys = 0

    package init(capacity: Int = 100_000) { self.capacity = max(1, capacity) }

    package var count: Int { byDecision.count }
    package var isEmpty: Bool { byDecision.isEmpty }
    /// Whether a decision is about a user or a session, so that it matters whose token a request carries.
    package var namesCallers: Bool { callers > 0 }
    package var namesKeys: Bool { keys > 0 }
    package var all: some Collection<Enforcement> & Sendable { byDecision.values }

    package mutating func apply(_ enforcement: Enforcement, now: Timestamp) {
        var enforcement = enforcement
        if let known = remove(enforcement.decision) { enforcement.hits = known.hits }
        guard enforcement.expires > now else { return }
        if byDecision.count >= capacity { makeRoom(now: now) }
        byDecision[enforcement.decision] = enforcement
        bySubject[enforcement.subject, default: []].append(enforcement.decision)
        count(enforcement.subject, 1)
    }

    private mutating func count(_ subject: EnforcementSubject, _ change: Int) {
        switch subject {
        case .network(let network):
            let left = prefixLengths[network.prefixLength, default: 0] + change
            prefixLengths[network.prefixLength] = left > 0 ? left : nil
        case .account, .session: callers += change
        case .apiKey: keys += change
        }
    }

    package func contains(_ decision: UUIDv7) -> Bool { byDecision[decision] != nil }

    package func hasExpired(now: Timestamp) -> Bool { byDecision.values.contains { $0.expires <= now } }

    /// What was removed, nil when there was no such decision.
    @discardableResult
    package mutating func remove(_ decision: UUIDv7) -> Enforcement? {
        guard let enforcement = byDecision.removeValue(forKey: decision) else { return nil }
        bySubject[enforcement.subject]?.removeAll { $0 == decision }
        if bySubject[enforcement.subject]?.isEmpty == true { bySubject[enforcement.subject] = nil }
        count(enforcement.subject, -1)
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
        lookUp(EnforcementTarget(address: address, account: account), now: now)
    }

    package func lookUp(_ target: EnforcementTarget, now: Timestamp) -> Enforcement? {
        decisions(on: target, now: now).first
    }

    /// All in force for this client, the gravest first; between equals the one that lasts longest.
    package func decisions(on target: EnforcementTarget, now: Timestamp) -> [Enforcement] {
        guard !byDecision.isEmpty else { return [] }
        var found: [Enforcement] = []
        for length in prefixLengths.keys {
            guard let network = IPNetwork(target.address.masked(to: length), prefixLength: length) else { continue }
            collect(.network(network), now: now, &found)
        }
        if let account = target.account { collect(.account(account), now: now, &found) }
        if let session = target.session { collect(.session(session), now: now, &found) }
        if let key = target.apiKey { collect(.apiKey(key), now: now, &found) }
        guard found.count > 1 else { return found }
        return found.sorted { ($0.action, $0.expires) > ($1.action, $1.expires) }
    }

    private func collect(_ subject: EnforcementSubject, now: Timestamp, _ found: inout [Enforcement]) {
        for decision in bySubject[subject] ?? [] {
            if let candidate = byDecision[decision], candidate.expires > now { found.append(candidate) }
        }
    }

    private mutating func makeRoom(now: Timestamp) {
        guard expire(now: now).isEmpty, let soonest = byDecision.values.min(by: { $0.expires < $1.expires }) else {
            return
        }
        remove(soonest.decision)
    }
}
