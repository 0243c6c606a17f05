import Contracts
import Core
import Database

/// What came of trying candidates: their figures in `candidates`, the tables `candidate_rules`, `candidate_examples` and
/// `candidate_threats`.
final class TrialStore: Sendable {
    private static let shownRules = 100
    private static let keptExamples = 20

    private let database: Database

    init(_ database: Database) { self.database = database }

    /// Adds what one replica counted since it last said so.
    func add(_ news: TrialTally.News, to id: UUIDv7) async throws {
        let rules = news.rules.sorted { $0.key < $1.key }
        try await database.transaction { transaction in
            let (found, blocked) = (news.figures.found, news.figures.blocked)
            try await transaction.execute(
                """
                UPDATE candidates SET tried = tried + $2, found_only_candidate = found_only_candidate + $3,
                found_only_in_force = found_only_in_force + $4, found_both = found_both + $5,
                blocked_only_candidate = blocked_only_candidate + $6,
                blocked_only_in_force = blocked_only_in_force + $7, blocked_both = blocked_both + $8
                WHERE candidate_id = $1
                """,
                [
                    .uuid(id), .int(news.figures.requests), .int(found.onlyCandidate), .int(found.onlyInForce),
                    .int(found.both), .int(blocked.onlyCandidate), .int(blocked.onlyInForce), .int(blocked.both),
                ])
            if !rules.isEmpty {
                _ = try await transaction.bulkInsert(
                    into: "candidate_rules",
                    columns: [
                        BulkColumn("candidate_id", rules.map { _ in id }), BulkColumn("rule", rules.map(\.key)),
                        BulkColumn("only_candidate", rules.map { Int64($0.value.onlyCandidate) }),
                        BulkColumn("only_in_force", rules.map { Int64($0.value.onlyInForce) }),
                    ],
                    suffix: """
                        ON CONFLICT (candidate_id, rule) DO UPDATE SET
                        only_candidate = candidate_rules.only_candidate + excluded.only_candidate,
                        only_in_force = candidate_rules.only_in_force + excluded.only_in_force
                        """)
            }
            if !news.threats.isEmpty {
                _ = try await transaction.bulkInsert(
                    into: "candidate_threats",
                    columns: [
                        BulkColumn("candidate_id", news.threats.map { _ in id }),
                        BulkColumn("threat_id", news.threats.map(\.id)),
                        BulkColumn("is_silent", news.threats.map(\.isSilent)),
                    ], suffix: "ON CONFLICT DO NOTHING")
            }
            for example in news.examples {
                try await transaction.execute(
                    """
                    INSERT INTO candidate_examples (candidate_id, request_id, body) SELECT $1, $2, $3
                    WHERE (SELECT count(*) FROM candidate_examples WHERE candidate_id = $1) < $4
                    ON CONFLICT DO NOTHING
                    """,
                    [
                        .uuid(id), .uuid(example.request), .bytes(TrialExample(example).wireBytes()),
                        .int(Self.keptExamples),
                    ])
            }
        }
    }

    /// The rules that made the most differences.
    func rules(of id: UUIDv7) async throws -> [TrialRule] {
        try await database.query(
            """
            SELECT rule, only_candidate, only_in_force FROM candidate_rules WHERE candidate_id = $1
            ORDER BY only_candidate + only_in_force DESC, rule LIMIT $2
            """, [.uuid(id), .int(Self.shownRules)]
        ).map { row in
            TrialRule(
                ruleID: try row.get(0), onlyCandidate: UInt64(max(0, try row.get(1, as: Int.self))),
                onlyInForce: UInt64(max(0, try row.get(2, as: Int.self))))
        }
    }

    func examples(of id: UUIDv7) async throws -> [TrialExample] {
        try await database.query(
            "SELECT body FROM candidate_examples WHERE candidate_id = $1 ORDER BY request_id", [.uuid(id)]
        ).compactMap { try? TrialExample(wireBytes: $0.get(0, as: [UInt8].self)) }
    }

    /// What people said of the threats that were told meanwhile.
    func feedback(on id: UUIDv7) async throws -> FeedbackFigures {
        var figures = FeedbackFigures()
        let rows = try await database.query(
            """
            SELECT verdict, is_silent, count(*) FROM candidate_threats JOIN feedback USING (threat_id)
            WHERE candidate_id = $1 GROUP BY verdict, is_silent
            """, [.uuid(id)])
        for row in rows {
            let count = UInt64(max(0, try row.get(2, as: Int.self)))
            let isTrue = Int32(try row.get(0, as: Int16.self)) == FeedbackVerdict.truePositive.rawValue
            switch (isTrue, try row.get(1, as: Bool.self)) {
            case (true, true): figures.trueLost += count
            case (true, false): figures.trueKept += count
            case (false, true): figures.falseSilent += count
            case (false, false): figures.falseKept += count
            }
        }
        return figures
    }
}

extension TrialExample {
    fileprivate init(_ example: TrialTally.Example) {
        self.init(
            requestID: example.request, observedAt: example.at, route: example.route, path: example.path,
            score: example.score, scoreInForce: example.scoreInForce,
            onlyCandidate: example.onlyCandidate.map(RuleFinding.init),
            onlyInForce: example.onlyInForce.map(RuleFinding.init))
    }
}
