internal import Contracts
internal import Core
internal import Messaging
internal import Outbox
internal import ServiceKit
internal import Telemetry

/// What people and gateways ask about decisions and questions.
struct DecisionCalls: Sendable {
    private static let decisionPage = PageSize(100, atMost: 10_000)
    private static let approvalPage = PageSize(100, atMost: 500)

    let runtime: ServiceRuntime
    let policy: ResponsePolicy
    let metrics: AgentCoordinatorMetrics
    private let decisions = DecisionTable()
    private let approvals = ApprovalTable()

    init(_ runtime: ServiceRuntime, policy: ResponsePolicy, metrics: AgentCoordinatorMetrics) {
        self.runtime = runtime
        self.policy = policy
        self.metrics = metrics
    }

    func serve() {
        let bus = runtime.bus
        bus.serve(AgentCoordinatorRPC.listDecisions) { request, context in
            try await list(request, context)
        }
        bus.serve(AgentCoordinatorRPC.getDecision) { request, _ in try await get(request) }
        bus.serve(AgentCoordinatorRPC.createDecision) { request, context in
            try await create(request, context)
        }
        bus.serve(AgentCoordinatorRPC.revertDecision) { request, context in
            try await revert(request, context)
        }
        bus.serve(AgentCoordinatorRPC.listApprovals) { request, context in
            try await list(request, context)
        }
        bus.serve(AgentCoordinatorRPC.resolveApproval) { request, context in
            try await resolve(request, context)
        }
    }

    private func list(_ request: ListDecisionsRequest, _ context: CallContext) async throws -> ListDecisionsResponse {
        let limit = Self.decisionPage.entries(request.limit)
        let page = try await decisions.list(
            runtime.database, after: try Self.cursor(request.cursor), activeOnly: request.activeOnly, limit: limit,
            deadline: context.deadline)
        return ListDecisionsResponse(
            decisions: page.map(\.wire),
            nextCursor: page.nextCursor(of: limit) { PageCursor($0.decidedAt, $0.id) })
    }

    private func get(_ request: GetDecisionRequest) async throws -> GetDecisionResponse {
        guard let found = try await decisions.find(request.decisionID, in: runtime.database) else {
            throw AgentCoordinatorFailure.unknownDecision
        }
        return GetDecisionResponse(decision: found.wire)
    }

    private func create(_ request: CreateDecisionRequest, _ context: CallContext) async throws -> CreateDecisionResponse
    {
        let user = try Self.user(context)
        guard let subject = request.subject.flatMap({ Subject($0) }) else { throw AgentCoordinatorFailure.noSubject }
        guard let action = Action(request.action) else { throw AgentCoordinatorFailure.noAction }
        let proposal = Proposal(
            subject: subject, action: action, duration: .seconds(Int64(request.durationSeconds)),
            reason: request.reason, incidentID: request.incidentID.ifSet,
            throttlePerMinute: Int(request.throttlePerMinute), user: user)
        let decision = try proposal.decision(under: policy, now: runtime.clock.now)
        try await runtime.outbox.transaction(deadline: context.deadline) { transaction in
            try await decisions.insert([decision], in: transaction)
            return ((), [decision.made])
        }
        metrics.decisions[decision.action.name, "person"].increment()
        runtime.log.with(trace: context.trace).info("decided", decision.logFields)
        return CreateDecisionResponse(decision: decision.wire)
    }

    private func revert(_ request: RevertDecisionRequest, _ context: CallContext) async throws -> RevertDecisionResponse
    {
        let user = try Self.user(context)
        let now = runtime.clock.now
        let reverted = try await runtime.outbox.transaction(deadline: context.deadline) { transaction in
            guard var decision = try await decisions.find(request.decisionID, in: transaction) else {
                throw AgentCoordinatorFailure.unknownDecision
            }
            guard decision.status == .active, decision.expiresAt > now else { throw AgentCoordinatorFailure.notInForce }
            decision.status = .reverted
            try await decisions.update(decision, in: transaction)
            return (decision, [decision.reverted(by: user, reason: request.reason, at: now)])
        }
        metrics.reverted.increment()
        runtime.log.with(trace: context.trace).info(
            "reverted", reverted.logFields.merging(["reverted_by": .string(user)]))
        return RevertDecisionResponse(decision: reverted.wire)
    }

    private func list(_ request: ListApprovalsRequest, _ context: CallContext) async throws -> ListApprovalsResponse {
        let limit = Self.approvalPage.entries(request.limit)
        let page = try await approvals.list(
            runtime.database, after: try Self.cursor(request.cursor), waitingOnly: request.waitingOnly, limit: limit,
            deadline: context.deadline)
        return ListApprovalsResponse(
            approvals: page.map { $0.approval.wire(about: $0.decision) },
            nextCursor: page.nextCursor(of: limit) { PageCursor($0.approval.requestedAt, $0.approval.id) })
    }

    private func resolve(
        _ request: ResolveApprovalRequest, _ context: CallContext
    ) async throws -> ResolveApprovalResponse {
        let user = try Self.user(context)
        let resolution = try await runtime.outbox.transaction(deadline: context.deadline) { transaction in
            guard let question = try await approvals.find(request.approvalID, in: transaction) else {
                throw AgentCoordinatorFailure.unknownApproval
            }
            let resolution = try Resolution.answer(
                question.approval, question.decision, approve: request.approve, by: user, comment: request.comment,
                now: runtime.clock.now)
            return (resolution, try await ResolutionWriter().write(resolution, in: transaction))
        }
        metrics.count(resolution, by: "person")
        runtime.log.with(trace: context.trace).info(
            "a question was answered",
            resolution.decision.logFields.merging(["approved": .bool(request.approve), "answered_by": .string(user)]))
        return ResolveApprovalResponse(approval: resolution.approval.wire(about: resolution.decision))
    }

    private static func user(_ context: CallContext) throws -> String {
        guard let name = context.principal?.name, !name.isEmpty else { throw AgentCoordinatorFailure.nobody }
        return name
    }

    private static func cursor(_ text: String) throws(AgentCoordinatorFailure) -> PageCursor? {
        try text.asCursor({ PageCursor($0) }, else: AgentCoordinatorFailure.badCursor)
    }
}

extension AgentCoordinatorMetrics {
    func count(_ resolution: Resolution, by resolver: String) {
        let isApproved = resolution.approval.status == .approved
        answers[isApproved ? "approved" : "rejected", resolver].increment()
        if isApproved {
            decisions[resolution.decision.action.name, resolver == "person" ? "person" : "agent"].increment()
        }
    }
}
