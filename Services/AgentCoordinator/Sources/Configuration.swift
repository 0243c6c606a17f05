internal import Core
internal import ServiceKit

/// Everything an operator can set of this service, beside the keys all services share.
struct AgentCoordinatorConfiguration: ServiceConfiguration {
    let policy: ResponsePolicy
    let batch: Int
    let sweepInterval: Duration

    init(from reader: inout ConfigurationReader) {
        var policy = ResponsePolicy()
        policy.isStopped = reader.boolean(
            "kill_switch", default: false, about: "While it is on, agents act on nothing without an approval.")
        policy.autonomy = Self.autonomy(reader.section("autonomy"))
        policy.protected = Self.protected(reader)
        Self.readEscalation(reader.section("escalation"), into: &policy)
        Self.readApprovals(reader.section("approvals"), into: &policy)
        policy.maximumActive = reader.integer(
            "maximum_active", default: policy.maximumActive, in: 1...10_000_000,
            about: "Decisions in force at once; beyond it agents add none, people still can.")
        policy.widestNetwork = (
            ipv4: reader.integer(
                "widest_ipv4_network", default: 24, in: 8...32, about: "A shorter prefix is refused."),
            ipv6: reader.integer(
                "widest_ipv6_network", default: 48, in: 16...128, about: "A shorter prefix is refused.")
        )
        let rules = reader.sections("rules", atMost: 256).map(Self.rule)
        if !rules.isEmpty { policy.rules = rules }
        self.policy = policy
        batch = reader.integer("batch", default: 64, in: 1...1_000, about: "Messages dealt with in one transaction.")
        sweepInterval = reader.duration(
            "sweep_interval", default: .seconds(1), in: .milliseconds(100) ... .seconds(60),
            about: "How often expired decisions and unanswered questions are looked for.")
    }

    private enum Level: String, CaseIterable {
        case observe, suggest, approve, object, automatic

        var autonomy: Autonomy { Autonomy.allCases.first { $0.name == rawValue } ?? .approve }
    }

    private enum ActionName: String, CaseIterable {
        case ban, divert, throttle, challenge
        case stepUp = "step-up"

        var action: Action { Action.allCases.first { $0.name == rawValue } ?? .throttle }
    }

    private enum SeverityName: String, CaseIterable {
        case info, low, medium, high, critical

        var severity: Severity { Severity.allCases.first { $0.name == rawValue } ?? .critical }
    }

    private static func autonomy(_ reader: ConfigurationReader) -> [Action: Autonomy] {
        var levels: [Action: Autonomy] = [:]
        for name in ActionName.allCases {
            let key = name.rawValue == "step-up" ? "step_up" : name.rawValue
            let level = reader.choice(
                key, default: Level.automatic,
                about: "How far agents may go with \(name.rawValue): object acts after approvals.objection_time.")
            levels[name.action] = level.autonomy
        }
        return levels
    }

    private static func protected(_ reader: ConfigurationReader) -> ProtectedSubjects {
        var protected = ProtectedSubjects()
        let texts = reader.list(
            "protected", atMost: 4_096,
            about: "Whom no decision may touch: addresses, networks, user:NAME, session:ID, api-key:ID, fingerprint:ID."
        )
        for text in texts where !protected.add(text) {
            reader.report(
                "names \(text.prefix(80)), which is no address, network or kind:value; correct it", at: "protected")
        }
        return protected
    }

    private static func readEscalation(_ reader: ConfigurationReader, into policy: inout ResponsePolicy) {
        policy.memory = reader.duration(
            "memory", default: policy.memory, in: .seconds(60) ... .seconds(90 * 86_400),
            about: "Each decision that ran its time within it doubles the next one's.")
        policy.maximumDuration = reader.duration(
            "maximum_duration", default: policy.maximumDuration, in: .seconds(60) ... .seconds(90 * 86_400))
        policy.escalationCount = reader.integer(
            "count", default: policy.escalationCount, in: 1...100,
            about: "So many earlier decisions make a rule answer with its harder action.")
    }

    private static func readApprovals(_ reader: ConfigurationReader, into policy: inout ResponsePolicy) {
        policy.objectionTime = reader.duration(
            "objection_time", default: policy.objectionTime, in: .seconds(1) ... .seconds(86_400),
            about: "How long people may object to an announced decision.")
        policy.approvalTime = reader.duration(
            "approval_time", default: policy.approvalTime, in: .seconds(1) ... .seconds(7 * 86_400),
            about: "How long a question waits for an answer before it is dropped.")
    }

    private static func rule(_ reader: ConfigurationReader) -> ResponseRule {
        let names = reader.list("categories", atMost: 32, about: "Empty: every category.")
        let categories = names.compactMap(AttackCategory.init(rawValue:))
        if categories.count != names.count {
            let known = AttackCategory.allCases.map(\.rawValue).joined(separator: ", ")
            reader.report("names a category that does not exist; the categories are \(known)", at: "categories")
        }
        let harder = reader.optionalString("escalates_to", about: "The action for those who come back.")
        let escalation = harder.flatMap(ActionName.init(rawValue:))
        if harder != nil, escalation == nil {
            reader.report("is no action; use ban, divert, throttle, challenge or step-up", at: "escalates_to")
        }
        return ResponseRule(
            name: reader.string("name", atMost: 64), categories: Set(categories),
            minimumSeverity: reader.choice("severity", default: SeverityName.high, about: "The least.").severity,
            minimumScore: reader.number("score", default: 0, in: 0...1, about: "The least."),
            action: reader.choice("action", default: ActionName.throttle).action,
            duration: reader.duration("duration", in: .seconds(1) ... .seconds(30 * 86_400)),
            throttlePerMinute: reader.integer("throttle_per_minute", default: 60, in: 1...60_000),
            escalatesTo: escalation?.action)
    }
}
