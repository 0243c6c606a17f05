import Contracts
import Core
import HTTP
import Inspection
import JSON
import Reactor
import Synchronization
import Telemetry

/// What happens, told to every open live page. Encoded once for all; while nobody looks it costs one atomic read.
///
/// A page that reads too slowly loses events instead of holding them: its queue is bounded, and the next tick shows the
/// figures anyway.
final class LiveFeed: Sendable {
    private static let queueLength = 512
    /// Of requests that simply passed, each second.
    private static let passedSample = 20

    private let viewers = Mutex<[UInt64: AsyncQueue<[UInt8]>]>([:])
    private let count = Atomic<Int>(0)
    private let nextViewer = Atomic<UInt64>(0)
    private let passedLeft = Atomic<Int>(passedSample)
    private let maximumViewers: Int
    private let gauge: Gauge

    init(maximumViewers: Int, gauge: Gauge) {
        self.maximumViewers = maximumViewers
        self.gauge = gauge
    }

    var viewerCount: Int { count.load(ordering: .relaxed) }
    var isWatched: Bool { viewerCount > 0 }

    func join() -> (id: UInt64, events: AsyncQueue<[UInt8]>)? {
        let queue = AsyncQueue<[UInt8]>(capacity: Self.queueLength)
        let id = nextViewer.wrappingAdd(1, ordering: .relaxed).newValue
        let accepted = viewers.withLock { viewers in
            guard viewers.count < maximumViewers else { return false }
            viewers[id] = queue
            return true
        }
        guard accepted else { return nil }
        gauge.set(count.wrappingAdd(1, ordering: .relaxed).newValue)
        return (id, queue)
    }

    func leave(_ id: UInt64) {
        guard viewers.withLock({ $0.removeValue(forKey: id) }) != nil else { return }
        gauge.set(count.wrappingSubtract(1, ordering: .relaxed).newValue)
    }

    func stop() {
        for viewer in viewers.withLock({ Array($0.values) }) { viewer.finish() }
    }

    /// `fields` is called only when somebody looks.
    func send(_ event: String, id: String? = nil, _ fields: (inout JSONWriter) -> Void) {
        guard isWatched else { return }
        var writer = JSONWriter()
        writer.object(fields)
        let encoded = ServerSentEvents.encode(event: event, id: id, data: writer.bytes)
        let queues = viewers.withLock { Array($0.values) }
        for queue in queues { _ = queue.offer(encoded) }
    }

    // MARK: What the gateway itself sees

    func request(_ exchange: Exchange, _ request: HTTPServerRequest, status: Int, microseconds: Int) {
        guard isWatched, exchange.outcome != .answered else { return }
        let outcome = exchange.liveOutcome
        if outcome == .passed && passedLeft.wrappingSubtract(1, ordering: .relaxed).oldValue <= 0 { return }
        send("request") { json in
            json.text("id", exchange.idText)
            json.text("at", request.receivedAt.rfc3339)
            json.text("client", exchange.client.description)
            json.text("method", request.head.method.description)
            json.text("host", exchange.host)
            json.text("path", String(request.head.target.prefix(512)))
            json.integer("status", status)
            json.text("outcome", outcome.rawValue)
            json.key("score")
            json.number(exchange.verdict.score)
            json.key("rules")
            json.array { rules in for finding in exchange.verdict.findings.prefix(8) { rules.string(finding.ruleID) } }
            json.integer("micros", microseconds)
        }
    }

    func tick(_ pulse: LivePulse) {
        passedLeft.store(Self.passedSample, ordering: .relaxed)
        send("tick") { json in
            json.integer("total", pulse.total)
            json.integer("blocked", pulse.blocked)
            json.integer("diverted", pulse.diverted)
            json.integer("errors", pulse.errors)
            for (name, quantile) in [("p50_ms", 0.5), ("p99_ms", 0.99)] {
                guard let latency = pulse.latency(quantile: quantile) else { continue }
                json.key(name)
                json.number(latency)
            }
            json.integer("viewers", viewerCount)
        }
    }
}

extension JSONWriter {
    mutating func text(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }
    mutating func integer(_ key: String, _ value: some FixedWidthInteger) {
        self.key(key)
        integer(value)
    }
}
