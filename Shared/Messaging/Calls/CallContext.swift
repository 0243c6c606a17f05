package import Contracts
package import Core

/// What a handler of calls knows beside the request.
package struct CallContext: Sendable {
    /// On whose behalf: an authenticated person or machine. Only the gateway, which verified it, can say so.
    package let principal: Principal?
    /// The service that asks.
    package let caller: ServiceName
    package let trace: TraceContext?
    /// After it nobody waits for the answer any more.
    package let deadline: Deadline

    package init(principal: Principal?, caller: ServiceName, trace: TraceContext?, deadline: Deadline) {
        self.principal = principal
        self.caller = caller
        self.trace = trace
        self.deadline = deadline
    }
}
