internal import Core

/// What was decided about one subject before, as far as it matters now.
struct SubjectHistory: Sendable {
    struct Standing: Sendable {
        let action: Action
        let expiresAt: Timestamp
        /// Waiting for an answer rather than in force.
        let isWaiting: Bool
    }

    /// In force or waiting.
    var standing: [Standing] = []
    /// Decisions within the policy's memory that ran their full time: what stands now is not counted, so that one attack
    /// does not escalate itself.
    var earlier = 0
}
