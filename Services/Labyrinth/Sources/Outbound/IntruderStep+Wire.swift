internal import Contracts
internal import Core

extension IntruderStepObserved {
    init(_ step: IntruderStep) {
        let intruder = step.intruder
        self.init(
            stepID: step.id, intruderID: intruder.id, requestID: step.request ?? .unset,
            decisionID: intruder.decision ?? .unset, observedAt: step.observedAt,
            subject: intruder.address.map { .clientAddress($0) }, clientAddress: intruder.address ?? .unset,
            method: step.method, path: step.path, query: step.query, userAgent: step.userAgent,
            trap: TrapKind(step.trap), room: step.room.number, depth: step.room.depth, stepCount: intruder.stepCount,
            dwellMilliseconds: UInt64(max(0, step.dwell.wholeMilliseconds)),
            delayMilliseconds: UInt32(clamping: step.delay.wholeMilliseconds),
            pageBytes: UInt32(clamping: step.pageBytes),
            tool: intruder.tool, intent: IntruderIntent(intruder.intent), traceHigh: step.trace?.traceHigh ?? 0,
            traceLow: step.trace?.traceLow ?? 0, span: step.trace?.span ?? 0)
    }
}

extension TrapKind {
    init(_ trap: Trap) {
        switch trap {
        case .pages: self = .pages
        case .database: self = .database
        case .fileSystem: self = .fileSystem
        case .login: self = .login
        case .api: self = .api
        case .text: self = .text
        }
    }
}

extension IntruderIntent {
    init(_ intent: Intent) {
        switch intent {
        case .exploring: self = .exploring
        case .scraping: self = .scraping
        case .stealingData: self = .stealingData
        case .stealingCredentials: self = .stealingCredentials
        case .takingOver: self = .takingOver
        }
    }
}
