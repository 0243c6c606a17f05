/// What a pipeline on the wire still expects: every step answers once, in order, then the synchronisation answers.
///
/// After a failure the server skips the steps up to the synchronisation; a skipped statement reports the failure that
/// made the server skip it, which is what a person wants to read.
struct PipelineProgress {
    enum Step: Equatable {
        case close(name: String)
        case prepare(StatementCache.Key, name: String)
        case execute(StatementCache.Key)
    }

    enum Reply {
        case rows(Rows)
        case failure(DatabaseFailure)
        case skipped
    }

    /// What the connection must note in its statement cache.
    enum Effect: Equatable {
        case none
        case prepared(StatementCache.Key, name: String)
        case closed(name: String)
        case forget(StatementCache.Key)
    }

    private var steps: [Step] = []
    private var position = 0
    private var firstFailure: DatabaseFailure?
    private(set) var outcomes: [Result<Rows, DatabaseFailure>] = []

    mutating func append(_ step: Step) { steps.append(step) }

    mutating func received(_ reply: Reply) -> Effect {
        guard position < steps.count else { return .none }
        defer { position += 1 }
        let step = steps[position]
        if case .failure(let failure) = reply, firstFailure == nil { firstFailure = failure }
        if case .execute = step { outcomes.append(outcome(of: reply)) }
        switch (step, reply) {
        case (.prepare(let key, let name), .rows): return .prepared(key, name: name)
        case (.close(let name), .rows): return .closed(name: name)
        case (.execute(let key), .failure(let failure)): return failure.meansStalePlan ? .forget(key) : .none
        default: return .none
        }
    }

    private func outcome(of reply: Reply) -> Result<Rows, DatabaseFailure> {
        switch reply {
        case .rows(let rows): .success(rows)
        case .failure(let failure): .failure(failure)
        case .skipped: .failure(firstFailure ?? .unexpectedResult("a statement was skipped without a failure"))
        }
    }
}

extension DatabaseFailure {
    /// The prepared plan no longer fits: the table changed its columns, or the server forgot the statement.
    var meansStalePlan: Bool {
        guard case .statementFailed(let sqlState, _) = self else { return false }
        return sqlState == "0A000" || sqlState == "26000"
    }
}
