import Contracts
import Core
import Messaging

/// Answers `MetricsService`.
struct OverviewCalls: Sendable {
    static let defaultMinutes = 60
    static let maximumMinutes = 1_440
    static let maximumPoints = 1_500
    private static let topAttackers = 10

    let queries: TallyQueries
    let clock: any WallClock

    func serve(on bus: Bus) {
        bus.serve(MetricsRPC.getOverview) { request, context in
            try await overview(request, context.deadline)
        }
        bus.serve(MetricsRPC.querySeries) { request, context in
            try await series(request, context.deadline)
        }
    }

    func overview(
        _ request: GetOverviewRequest, _ deadline: Deadline
    ) async throws -> GetOverviewResponse {
        let minutes = request.minutes == 0 ? Self.defaultMinutes : min(Int(request.minutes), Self.maximumMinutes)
        let now = clock.now
        let last = now.seconds / 60
        let start = Timestamp(seconds: (last - Int64(minutes) + 1) * 60)
        var overview = Overview(from: start.seconds / 60, through: last)
        for entry in try await queries.entries(since: start, deadline: deadline) {
            overview.add(minute: entry.minute, measure: entry.measure, key: entry.key, amount: entry.amount)
        }
        let attackers = try await queries.topAttackers(since: start, limit: Self.topAttackers, deadline: deadline)
        let ongoing = try await queries.ongoingCounts(now: now, deadline: deadline)
        return GetOverviewResponse(
            generatedAt: now, total: TrafficWindow(overview.total), windows: overview.windows.map(TrafficWindow.init),
            attacks: overview.categories.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                CategoryCount(category: AttackCategory(rawValue: $0.key), count: UInt64(clamping: $0.value))
            },
            topAttackers: attackers.map {
                SubjectCount(subject: Array($0.subject.utf8), count: UInt64(clamping: $0.count))
            },
            openIncidents: UInt64(clamping: ongoing[.incident] ?? 0),
            activeDecisions: UInt64(clamping: ongoing[.decision] ?? 0),
            activeIntruders: UInt64(clamping: ongoing[.intruder] ?? 0))
    }

    func series(_ request: QuerySeriesRequest, _ deadline: Deadline) async throws -> QuerySeriesResponse {
        guard let measure = Measure(rawValue: request.name), !measure.hasKey else {
            throw MetricsFailure.unknownSeries(request.name)
        }
        // Not set: the current minute belongs to it, as far as it is counted.
        let until = request.until.isSet ? request.until : Timestamp(seconds: (clock.now.seconds / 60 + 1) * 60)
        let from = request.from.isSet ? request.from : until + .seconds(-3_600)
        let step = max(60, Int(request.stepSeconds))
        guard from < until, (until - from).inSeconds / Double(step) <= Double(Self.maximumPoints) else {
            throw MetricsFailure.tooManySteps(maximum: Self.maximumPoints)
        }
        let points = try await queries.series(measure, from: from, until: until, stepSeconds: step, deadline: deadline)
        return QuerySeriesResponse(
            name: request.name, points: points.map { SeriesPoint(at: $0.at, value: Double($0.amount)) })
    }
}

extension TrafficWindow {
    init(_ window: Overview.Window) {
        self.init(
            startedAt: Timestamp(seconds: window.minute * 60), seconds: UInt32(clamping: window.minutes * 60),
            requests: window[.requests], blocked: window[.blocked], diverted: window[.diverted],
            throttled: window[.throttled], clientErrors: window[.clientErrors], serverErrors: window[.serverErrors],
            requestBytes: window[.requestBytes], responseBytes: window[.responseBytes], threats: window[.threats],
            incidentsOpened: window[.incidentsOpened], decisions: window[.decisions],
            intruderSteps: window[.intruderSteps], loginsFailed: window[.loginsFailed],
            tokensIssued: window[.tokensIssued], durationP50Microseconds: window.latency.quantile(0.5),
            durationP95Microseconds: window.latency.quantile(0.95),
            durationP99Microseconds: window.latency.quantile(0.99))
    }
}
