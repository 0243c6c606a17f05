import Core
import Inspection
import JSON

/// Recorded traffic judged again: under the settings in force and, beside them, under a candidate's.
struct Replay {
    private struct Verdicts {
        var detection: Detection
        var threats: [ThreatCategory: Int] = [:]
        var incidents = 0
        var accused: [IPAddress: String] = [:]

        mutating func observe(_ request: ObservedRequest) {
            for event in detection.observe(request) { note(event) }
        }

        mutating func note(_ event: DetectionEvent) {
            switch event {
            case .threat(let threat):
                threats[threat.category, default: 0] += 1
                if accused[threat.client] == nil {
                    accused[threat.client] = "\(threat.category): \(threat.explanation)"
                }
            case .opened: incidents += 1
            case .updated, .contained: break
            }
        }

        var line: String {
            let categories = threats.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
                .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            let total = threats.values.reduce(0, +)
            return "\(total) threats, \(incidents) incidents, \(accused.count) clients"
                + (categories.isEmpty ? "" : " (\(categories))")
        }
    }

    private let inspector: Inspector
    /// The candidate's own, where it has rules or a model.
    private let candidateInspector: Inspector?
    private let scratch: InspectionScratchBox
    private let candidateScratch: InspectionScratchBox
    private var inForce: Verdicts
    private var candidate: Verdicts?
    private(set) var requests = 0
    private(set) var skipped = 0
    private var newest = Timestamp(nanoseconds: 0)

    init(
        _ settings: Detection.Settings = Detection.Settings(), candidate: Detection.Settings?,
        model: InspectionModel? = nil, rules: RuleSetInForce? = nil
    ) throws(InspectionFailure) {
        inspector = try Inspector()
        candidateInspector =
            model == nil && rules == nil ? nil : Inspector(inspector, model: model, rules: rules)
        (scratch, candidateScratch) = (try InspectionScratchBox(), try InspectionScratchBox())
        inForce = Verdicts(detection: Detection(settings, seed: 1))
        self.candidate = candidate.map { Verdicts(detection: Detection($0, seed: 1)) }
    }

    /// One line of the access log; what is none is counted.
    mutating func add(_ line: ArraySlice<UInt8>) {
        guard !line.isEmpty else { return }
        guard let json = try? JSONValue(parsing: line), var request = ObservedRequest(accessLog: json) else {
            skipped += 1
            return
        }
        requests += 1
        request.inspection = scratch.evidence(for: request, inspector)
        // The log is in the order of the answers; incidents end by the newest request's time.
        newest = max(newest, request.at)
        inForce.observe(request)
        if let candidateInspector {
            request.inspection = candidateScratch.evidence(for: request, candidateInspector)
        }
        candidate?.observe(request)
        if requests % 1_000 == 0 {
            _ = inForce.detection.expire(at: newest)
            _ = candidate?.detection.expire(at: newest)
        }
    }

    /// In words; at most so many clients by name.
    func report(clients: Int) -> String {
        var lines = ["requests   \(requests)" + (skipped > 0 ? " (\(skipped) lines are none)" : "")]
        lines.append("in force   \(inForce.line)")
        guard let candidate else {
            lines += Self.named(inForce.accused, clients)
            return lines.joined(separator: "\n") + "\n"
        }
        lines.append("candidate  \(candidate.line)")
        let only = candidate.accused.filter { inForce.accused[$0.key] == nil }
        let missing = inForce.accused.filter { candidate.accused[$0.key] == nil }
        lines.append("only the candidate accuses \(only.count) clients")
        lines += Self.named(only, clients)
        lines.append("the candidate lets \(missing.count) clients go")
        lines += Self.named(missing, clients)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func named(_ accused: [IPAddress: String], _ limit: Int) -> [String] {
        let sorted = accused.sorted { ($0.key.high, $0.key.low) < ($1.key.high, $1.key.low) }
        return sorted.prefix(limit).map { "  \($0.key)  \($0.value)" }
            + (sorted.count > limit ? ["  and \(sorted.count - limit) more"] : [])
    }
}

/// A scratch that a value can hold.
private final class InspectionScratchBox {
    private var scratch: InspectionScratch
    private let seat = RuleSetSeat()

    init() throws(InspectionFailure) { scratch = try InspectionScratch() }

    func evidence(for request: ObservedRequest, _ inspector: Inspector) -> RuleEvidence {
        inspector.evidence(forRecorded: request, &scratch, seat)
    }
}

extension ObservedRequest {
    /// A line of the gateway's access log. What it does not say is taken for harmless: it has no bodies and no findings,
    /// so the rules are asked again about what there is.
    init?(accessLog line: JSONValue) {
        guard let time = line["time"]?.stringValue, let at = Timestamp(rfc3339: time),
            let client = line["client"]?.stringValue.flatMap({ IPAddress($0) }), let path = line["path"]?.stringValue
        else { return nil }
        func bytes(_ name: String) -> [UInt8] { Array((line[name]?.stringValue ?? "").utf8) }
        let outcome = line["outcome"]?.stringValue ?? ""
        let protocols: [String: UInt8] = ["HTTP/1.0": 1, "HTTP/1.1": 2, "HTTP/2": 3]
        self.init(
            id: line["request"]?.stringValue.flatMap { UUIDv7($0) } ?? UUIDv7(high: 0, low: 0), at: at, client: client,
            method: bytes("method"), host: bytes("host"), path: Array(path.utf8), query: bytes("query"),
            userAgent: bytes("user_agent"), referer: bytes("referer"),
            status: Int(line["status"]?.integerValue ?? 200), course: Course(logged: outcome),
            route: line["route"]?.stringValue ?? "", inspection: nil, user: nil, trace: nil,
            protocolVersion: protocols[line["protocol"]?.stringValue ?? ""] ?? 0)
    }
}

extension ObservedRequest.Course {
    fileprivate init(logged outcome: String) {
        switch outcome {
        case "blocked", "banned", "throttled", "challenged": self = .stopped
        case "diverted": self = .diverted
        case "unrouted", "upstreamFailed", "abandoned", "refused": self = .failed
        default: self = .served
        }
    }
}
