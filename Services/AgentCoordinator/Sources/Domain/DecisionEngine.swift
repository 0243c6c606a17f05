internal import Core

/// Decides. Pure: the same assessment, history and policy give the same answer at the same time, and nothing happens.
struct DecisionEngine: Sendable {
    let policy: ResponsePolicy

    /// Why nothing is done. The names are label values of a metric.
    enum Reason: String, CaseIterable, Sendable {
        case noRule = "no_rule"
        case protected
        case covered
        case observed
        case tooWide = "too_wide"
        case tooMany = "too_many"
        case outdated
    }

    enum Outcome: Equatable, Sendable {
        case nothing(Reason)
        case decision(Decision)
        /// The decision waits; the approval says until when, and what happens then.
        case question(Decision, Approval)
    }

    /// An event that was delivered so late says nothing about now.
    static let maximumAge = Duration.seconds(900)

    func decide(
        _ assessment: Assessment, _ history: SubjectHistory, activeDecisions: Int, now: Timestamp
    ) -> Outcome {
        guard assessment.detectedAt + Self.maximumAge > now else { return .nothing(.outdated) }
        guard let rule = policy.rules.first(where: { $0.fits(assessment) }) else { return .nothing(.noRule) }
        if let reason = refusal(of: assessment.subject) { return .nothing(reason) }
        let action = escalated(rule, history)
        let level = policy.level(for: action)
        guard level >= .suggest else { return .nothing(.observed) }
        let duration = lengthened(rule.duration, history)
        guard !isCovered(action, for: duration, by: history, now: now) else { return .nothing(.covered) }
        guard activeDecisions < policy.maximumActive else { return .nothing(.tooMany) }
        return outcome(
            draft(assessment, rule, action, duration, level, history, now: now), level: level, now: now)
    }

    /// What holds for people too: nobody decides about the protected or about half the internet.
    func refusal(of subject: Subject) -> Reason? {
        if policy.protected.contains(subject) { return .protected }
        guard subject.kind == .network else { return nil }
        guard let network = subject.network else { return .tooWide }
        let widest = network.address.isV4 ? policy.widestNetwork.ipv4 + 96 : policy.widestNetwork.ipv6
        return network.prefixLength < widest ? .tooWide : nil
    }

    private func escalated(_ rule: ResponseRule, _ history: SubjectHistory) -> Action {
        history.earlier >= policy.escalationCount ? rule.escalatesTo ?? rule.action : rule.action
    }

    /// Doubles for each earlier decision.
    private func lengthened(_ duration: Duration, _ history: SubjectHistory) -> Duration {
        var longer = duration
        for _ in 0..<history.earlier where longer < policy.maximumDuration { longer = longer * 2 }
        return min(longer, policy.maximumDuration)
    }

    /// Something as hard stands already and has at least half of the new one's time left. Without the half, every
    /// request of an attack would make a decision a moment longer than the last.
    private func isCovered(_ action: Action, for duration: Duration, by history: SubjectHistory, now: Timestamp) -> Bool
    {
        history.standing.contains { standing in
            standing.action.hardness >= action.hardness
                && (standing.isWaiting || (standing.expiresAt - now) * 2 >= duration)
        }
    }

    private func draft(
        _ assessment: Assessment, _ rule: ResponseRule, _ action: Action, _ duration: Duration, _ level: Autonomy,
        _ history: SubjectHistory, now: Timestamp
    ) -> Decision {
        Decision(
            id: UUIDv7(), subject: assessment.subject, action: action, duration: duration, decidedAt: now,
            expiresAt: now + duration, reason: reason(assessment, rule, history), severity: assessment.severity,
            confidence: assessment.score, decidedBy: "rules/\(rule.name)", autonomy: level,
            status: level == .automatic ? .active : .awaitingApproval, threatID: assessment.threatID,
            incidentID: assessment.incidentID, throttlePerMinute: action == .throttle ? rule.throttlePerMinute : nil,
            trace: assessment.trace)
    }

    private func reason(_ assessment: Assessment, _ rule: ResponseRule, _ history: SubjectHistory) -> String {
        let again = history.earlier > 0 ? ", \(history.earlier) decisions before" : ""
        let percent = Int((assessment.score * 100).rounded())
        return
            "\(assessment.severity.name) \(assessment.category.rawValue), score \(percent) %\(again) (rule \(rule.name))"
    }

    private func outcome(_ decision: Decision, level: Autonomy, now: Timestamp) -> Outcome {
        guard level != .automatic else { return .decision(decision) }
        let objects = level == .object
        let approval = Approval(
            id: UUIDv7(), decisionID: decision.id, agent: "rules", status: .waiting, requestedAt: now,
            answerUntil: now + (objects ? policy.objectionTime : policy.approvalTime),
            onTimeout: objects ? .approved : .rejected, resolvedBy: "", resolvedAt: nil, comment: "")
        return .question(decision, approval)
    }
}
