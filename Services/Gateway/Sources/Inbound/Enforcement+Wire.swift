import Contracts

extension Contracts.Enforcement {
    init(_ enforcement: Enforcement) {
        self.init()
        decisionID = enforcement.decision
        subject = Subject(enforcement.subject)
        action = Action(enforcement.action)
        expiresAt = enforcement.expires
        reason = enforcement.reason
        hits = UInt64(enforcement.hits.current)
    }
}
