import Contracts
import Core
import Database
import Outbox
import Reactor
import Telemetry
import TestSupport
import Testing

@testable import metrics

@Suite("The ledger on a real database", .timeLimit(.minutes(2)))
struct TallyLedgerTests {
    private let group: ReactorGroup
    private let database: Database
    private let clock = ManualClock(Timestamp(seconds: 1_780_000_020))

    init() async throws {
        group = try ReactorGroup(count: 1)
        let server = try await freshDatabase()
        database = Database(
            DatabaseConfiguration(
                host: server.host, port: server.port, database: server.name, user: server.user,
                password: server.password, schema: "public"), group: group)
        let own = try MigrationDirectory.read(MigrationDirectory.find(for: .metrics, configured: nil))
        try await Migrator(database, owner: nil, migrations: CourierSchema.migrations + own).migrate()
    }

    private var ledger: TallyLedger {
        TallyLedger(database: database, inbox: Inbox(database), figures: MetricsMetrics(MetricsRegistry()))
    }

    private func count(_ ids: [UUIDv7]) async throws {
        let now = clock.now
        try await ledger.apply(ids: ids, source: "metrics.requests.0") { fresh in
            var tally = Tally(now: now)
            for _ in fresh {
                tally.add(
                    RequestFacts(
                        observedAt: now, status: 200, effect: .diverted, requestBytes: 1, responseBytes: 2,
                        durationMicroseconds: 1_000))
                tally.addAttacker("203.0.113.7", at: now)
                tally.add(.category, at: now, key: "1")
            }
            return (tally, [Ongoing(kind: .decision, id: ids[0], endsAt: now + .seconds(60))])
        }
    }

    @Test("messages that come twice count once, and the overview tells what was counted")
    func exactlyOnce() async throws {
        defer { database.shutDown() }
        let ids = (0..<10).map { _ in UUIDv7() }
        try await count(Array(ids[0..<6]))
        try await count(Array(ids[3..<10]))
        try await count(ids)
        let calls = OverviewCalls(queries: TallyQueries(database: database), clock: clock)
        let overview = try await calls.overview(GetOverviewRequest(minutes: 3), .after(.seconds(10)))
        #expect(overview.windows.count == 3)
        #expect(overview.total?.requests == 10)
        #expect(overview.windows.last?.diverted == 10)
        #expect(overview.topAttackers == [SubjectCount(subject: Array("203.0.113.7".utf8), count: 10)])
        #expect(overview.attacks == [CategoryCount(category: AttackCategory(rawValue: 1), count: 10)])
        #expect((1_000...1_125).contains(overview.total?.durationP50Microseconds ?? 0))
        let series = try await calls.series(QuerySeriesRequest(name: "diverted"), .after(.seconds(10)))
        #expect(series.points.map(\.value) == [10])
    }

    @Test("what has ended is not counted as going on, and is forgotten with old minutes")
    func endings() async throws {
        defer { database.shutDown() }
        try await count([UUIDv7()])
        let calls = OverviewCalls(queries: TallyQueries(database: database), clock: clock)
        #expect(try await calls.overview(GetOverviewRequest(), .after(.seconds(10))).activeDecisions == 1)
        clock.advance(by: .seconds(61))
        #expect(try await calls.overview(GetOverviewRequest(), .after(.seconds(10))).activeDecisions == 0)
        clock.advance(by: .seconds(7_200))
        try await ledger.prune(retention: .seconds(3_600), now: clock.now)
        #expect(try await database.query("SELECT 1 FROM minute_tallies UNION ALL SELECT 1 FROM ongoing").isEmpty)
    }

    @Test("a series nobody knows is refused with the names there are")
    func unknownSeries() async throws {
        defer { database.shutDown() }
        let calls = OverviewCalls(queries: TallyQueries(database: database), clock: clock)
        await #expect {
            try await calls.series(QuerySeriesRequest(name: "attacker"), .after(.seconds(10)))
        } throws: { error in
            guard case MetricsFailure.unknownSeries("attacker") = error else { return false }
            return (error as? MetricsFailure)?.failure.detail.contains("requests, blocked") == true
        }
    }
}
