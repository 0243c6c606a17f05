import Core
import Inspection

/// What requests are judged by in place of what is configured (a candidate that was promoted), and what some of them are
/// judged by beside it (one in the shadow). Replaced as a whole, never changed.
///
/// A class: every request asks whether there is one, and nearly always there is none.
final class InspectionCandidates: Sendable {
    struct Judgement: Sendable {
        let id: UUIDv7
        /// Nil: those that are configured.
        var rules: RuleSetInForce?
        var engine: InspectionEngine?
    }

    let promoted: Judgement?
    let shadow: Judgement?
    /// Of a thousand requests so many are tried on the one in the shadow.
    let sampledPermille: Int

    init(promoted: Judgement?, shadow: Judgement?, sampledPermille: Int) {
        self.promoted = promoted
        self.shadow = shadow
        self.sampledPermille = sampledPermille
    }

    /// Rules ask for header fields and who is connected, which nobody gathers without need.
    var haveRules: Bool { promoted?.rules != nil || shadow?.rules != nil }
}

/// How much of a reactor's time trying may take: a candidate that is slow, or traffic that is heavy, costs less of it to
/// be tried on, never more time. Of the time that has passed a twentieth; what was not used in a second is gone.
struct TrialBudget {
    private static let share = 20.0
    private static let most = Duration.milliseconds(50)

    private var left = TrialBudget.most
    private var last: Deadline

    init(at now: Deadline) { last = now }

    mutating func allows(at now: Deadline) -> Bool {
        left = min(Self.most, left + (now - last) * (1 / Self.share))
        last = now
        return left > .zero
    }

    mutating func spend(_ time: Duration) { left = left - time }
}
