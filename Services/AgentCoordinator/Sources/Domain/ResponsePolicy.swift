internal import Core

/// Everything that limits what is decided: the rules, how far an agent may go, and whom nobody may touch.
struct ResponsePolicy: Sendable {
    var rules: [ResponseRule] = ResponseRule.standard
    /// How much an agent may do on its own, for each action; what is not named needs an approval.
    var autonomy: [Action: Autonomy] = [
        .throttle: .automatic, .challenge: .automatic, .divert: .automatic, .ban: .automatic, .stepUp: .automatic,
    ]
    var protected = ProtectedSubjects()
    /// Earlier decisions about the subject within this time make the next one longer.
    var memory = Duration.seconds(86_400)
    /// Each earlier decision doubles the duration, up to `maximumDuration`.
    var maximumDuration = Duration.seconds(30 * 86_400)
    /// So many earlier decisions make a rule escalate to its harder action.
    var escalationCount = 3
    /// How long people may object before a decision of level `object` takes effect.
    var objectionTime = Duration.seconds(300)
    /// How long a decision that needs an approval waits for it.
    var approvalTime = Duration.seconds(86_400)
    /// Agents add no decision beyond so many in force; people still can.
    var maximumActive = 100_000
    /// A network wider than this (of the 128-bit form) is too many people to decide about at once.
    var widestNetwork = (ipv4: 24, ipv6: 48)
    /// The kill switch: while it is on, agents only ask.
    var isStopped = false

    /// How far an agent may go with this action now.
    func level(for action: Action) -> Autonomy {
        let level = autonomy[action] ?? .approve
        return isStopped ? min(level, .approve) : level
    }
}

/// Whom no decision may touch: what the platform itself and its people come from.
struct ProtectedSubjects: Equatable, Sendable {
    var networks: [IPNetwork] = []
    var others: Set<Subject> = []

    /// A network is protected when it holds a protected address, since deciding about it would touch that address.
    func contains(_ subject: Subject) -> Bool {
        if others.contains(subject) { return true }
        guard let network = subject.network else { return false }
        return networks.contains { $0.contains(network.address) || network.contains($0.address) }
    }

    /// Reads `203.0.113.0/24`, `203.0.113.7`, and `user:alice` for the other kinds.
    mutating func add(_ text: String) -> Bool {
        if let network = IPNetwork(text) {
            networks.append(network)
            return true
        }
        guard let colon = text.firstIndex(of: ":"), let kind = Self.kinds[String(text[..<colon])],
            let subject = Subject(kind, Array(text[text.index(after: colon)...].utf8))
        else { return false }
        others.insert(subject)
        return true
    }

    private static let kinds: [String: Subject.Kind] = [
        "user": .user, "session": .session, "api-key": .apiKey, "fingerprint": .fingerprint,
    ]
}
