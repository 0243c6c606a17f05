import Contracts
import Core
import Messaging
import ServiceKit
import Telemetry

/// What others know: lists taken in by call or from a folder, held in memory by every replica; and what we know, for
/// others.
final class Intelligence: Sendable {
    private static let defaultLifetime = Duration.seconds(86_400)
    private static let page = PageSize(100, atMost: 500)
    private static let exportedIncidents = 5_000

    private let judge: Judge
    private let indicators: IndicatorStore
    private let incidents: IncidentStore
    private let clock: any WallClock

    init(_ judge: Judge, _ indicators: IndicatorStore, _ incidents: IncidentStore, clock: any WallClock) {
        self.judge = judge
        self.indicators = indicators
        self.incidents = incidents
        self.clock = clock
    }

    func serve(on bus: Bus) {
        bus.serve(DetectorRPC.importIndicators) { request, _ in try await self.take(request) }
        bus.serve(DetectorRPC.listIndicators) { request, context in
            try await self.list(request, deadline: context.deadline)
        }
        bus.serve(DetectorRPC.exportSignals) { request, _ in try await self.export(request) }
    }

    /// Reads the table again when it changed; returns its version.
    func refresh(knowing version: String?) async throws -> String {
        let current = try await indicators.version()
        if current != version { judge.use(IndicatorTable(try await indicators.all(at: clock.now))) }
        return current
    }

    private func take(_ request: ImportIndicatorsRequest) async throws -> ImportIndicatorsResponse {
        guard let format = IndicatorReader.Format(rawValue: Int(request.format.rawValue)) else {
            throw DetectorFailure.unknownFormat
        }
        guard !request.source.isEmpty, !request.source.hasPrefix(IndicatorFolder.prefix) else {
            throw DetectorFailure.reservedSource
        }
        let content = Array(request.content.utf8)
        let lifetime =
            request.lifetimeSeconds == 0 ? Self.defaultLifetime : .seconds(Int64(request.lifetimeSeconds))
        let result = IndicatorReader.read(
            content, format, source: request.source, at: clock.now, lifetime: lifetime)
        // A list of which nothing could be read would silently take the place of a good one.
        guard !result.indicators.isEmpty || result.skipped == 0 else {
            throw DetectorFailure.unreadableList(result.problems.first ?? "")
        }
        try await indicators.replace(
            request.source, result.indicators, digest: SeededHash(seed: 0).hash(content))
        _ = try await refresh(knowing: nil)
        return ImportIndicatorsResponse(
            imported: UInt32(result.indicators.count), skipped: UInt32(result.skipped), problems: result.problems)
    }

    private func list(_ request: ListIndicatorsRequest, deadline: Deadline) async throws -> ListIndicatorsResponse {
        let limit = Self.page.entries(request.limit)
        let page = try await indicators.page(
            after: request.cursor, source: request.source, limit: limit, deadline: deadline)
        return ListIndicatorsResponse(
            indicators: page.map { Contracts.Indicator($0) },
            nextCursor: page.nextCursor(of: limit) { "\($0.network) \($0.source)" })
    }

    private func export(_ request: ExportSignalsRequest) async throws -> ExportSignalsResponse {
        let within = request.withinSeconds == 0 ? Self.defaultLifetime : .seconds(Int64(request.withinSeconds))
        let found = try await incidents.changed(since: clock.now + (.zero - within), limit: Self.exportedIncidents)
            .filter { $0.severity.rawValue >= Int(request.minimumSeverity.rawValue) }
        let bundle = SignalBundle(found, at: clock.now)
        return ExportSignalsResponse(
            bundle: String(decoding: bundle.json, as: UTF8.self), indicators: UInt32(bundle.count))
    }
}

extension Contracts.Indicator {
    fileprivate init(_ indicator: Indicator) {
        self.init(
            value: "\(indicator.network)", source: indicator.source, expiresAt: indicator.expiresAt,
            confidence: UInt32(indicator.confidence), description: indicator.description)
    }
}
