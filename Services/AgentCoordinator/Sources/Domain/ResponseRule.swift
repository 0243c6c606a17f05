internal import Core

/// One line of the rules table: which assessments it fits, and what it answers.
struct ResponseRule: Equatable, Sendable {
    let name: String
    /// Empty: any category.
    var categories: Set<AttackCategory> = []
    let minimumSeverity: Severity
    var minimumScore: Double = 0
    let action: Action
    let duration: Duration
    var throttlePerMinute: Int = 60
    /// What a subject gets instead that was decided against `escalationCount` times before.
    var escalatesTo: Action?

    func fits(_ assessment: Assessment) -> Bool {
        assessment.severity >= minimumSeverity && assessment.score >= minimumScore
            && (categories.isEmpty || categories.contains(assessment.category))
    }

    /// What a fresh installation does. The first rule that fits decides, so the order is the meaning. Attackers are
    /// led into the labyrinth rather than turned away, because there they cost us nothing and teach us something;
    /// what hurts by its volume is banned.
    static let standard: [ResponseRule] = [
        ResponseRule(
            name: "ban-flood", categories: [.denialOfService], minimumSeverity: .high, action: .ban,
            duration: .seconds(1_800)),
        ResponseRule(
            name: "throttle-flood", categories: [.denialOfService], minimumSeverity: .medium, action: .throttle,
            duration: .seconds(600), escalatesTo: .ban),
        ResponseRule(
            name: "throttle-credential-attack", categories: [.bruteForce, .credentialStuffing],
            minimumSeverity: .medium, action: .throttle, duration: .seconds(900), throttlePerMinute: 10,
            escalatesTo: .divert),
        ResponseRule(
            name: "ban-data-leak", categories: [.dataLeak], minimumSeverity: .high, action: .ban,
            duration: .seconds(86_400)),
        ResponseRule(
            name: "divert-canary-user", categories: [.canaryUsed], minimumSeverity: .info, action: .divert,
            duration: .seconds(86_400)),
        ResponseRule(
            name: "divert-critical", minimumSeverity: .critical, action: .divert, duration: .seconds(86_400)),
        ResponseRule(name: "divert-high", minimumSeverity: .high, action: .divert, duration: .seconds(3_600)),
        ResponseRule(
            name: "divert-certain", minimumSeverity: .medium, minimumScore: 0.8, action: .divert,
            duration: .seconds(1_800)),
        ResponseRule(
            name: "throttle-suspect", minimumSeverity: .medium, minimumScore: 0.5, action: .throttle,
            duration: .seconds(600), escalatesTo: .divert),
    ]
}
