import Core
import HTTP
import JSON
import Reactor

/// What an operator sees of the upstreams on the administration port.
struct UpstreamReport: Sendable {
    /// What the lanes of all reactors know of one endpoint, or of the whole upstream.
    private struct Sum: Sendable {
        var tallies: [UpstreamLane.Tally]
        var latencies: [Duration?]
        var breakers: [CircuitBreaker.State]
        var isPanic: Bool
    }

    private static let mostListed = 1_000

    private let directory: UpstreamDirectory
    private let group: ReactorGroup

    init(_ directory: UpstreamDirectory, group: ReactorGroup) {
        self.directory = directory
        self.group = group
    }

    func json() async -> [UInt8] {
        let table = directory.table.current
        var json = JSONWriter()
        json.beginObject()
        json.key("upstreams")
        json.beginArray()
        for upstream in table.upstreams.values.sorted(by: { $0.settings.name < $1.settings.name })
            .prefix(Self.mostListed)
        {
            let sum = await sum(upstream)
            json.object { write(upstream, sum, &$0) }
        }
        json.endArray()
        json.key("splits")
        json.array { list in
            for split in table.splits.values.sorted(by: { $0.name < $1.name }) { list.object { write(split, &$0) } }
        }
        json.endObject()
        return json.bytes
    }

    private func sum(_ upstream: LiveUpstream) async -> Sum {
        let count = upstream.endpoints.count
        var sum = Sum(
            tallies: Array(repeating: UpstreamLane.Tally(), count: count),
            latencies: Array(repeating: nil, count: count), breakers: [], isPanic: false)
        for reactor in group.reactors {
            let lane = upstream.lanes[reactor.index]
            let part = await reactor.perform {
                Sum(
                    tallies: lane.tallies, latencies: (0..<count).map { lane.expectedLatency($0, now: .now) },
                    breakers: [lane.breaker.state], isPanic: lane.isPanic)
            }
            for index in 0..<count {
                sum.tallies[index].requests += part.tallies[index].requests
                sum.tallies[index].failures += part.tallies[index].failures
                sum.tallies[index].underWay += part.tallies[index].underWay
                sum.tallies[index].lastFailure = part.tallies[index].lastFailure ?? sum.tallies[index].lastFailure
                sum.latencies[index] = [sum.latencies[index], part.latencies[index]].compactMap { $0 }.max()
            }
            sum.breakers += part.breakers
            sum.isPanic = sum.isPanic || part.isPanic
        }
        return sum
    }

    private func write(_ upstream: LiveUpstream, _ sum: Sum, _ json: inout JSONWriter) {
        json.text("upstream", upstream.settings.name)
        json.text("state", sum.isPanic ? "nobody is well, all are asked" : "serving")
        json.integer("requests_under_way", upstream.requestsUnderWay)
        json.text("breaker", Self.describe(sum.breakers))
        json.key("endpoints")
        json.array { list in
            let (states, outliers, now) = (upstream.board.states.current, upstream.board.outliers, Deadline.now)
            for (index, endpoint) in upstream.settings.endpoints.enumerated() {
                list.object { entry in
                    entry.text("address", endpoint.address)
                    if let zone = endpoint.zone { entry.text("zone", zone) }
                    entry.integer("weight", endpoint.weight)
                    entry.text("state", Self.describe(states[index], now))
                    if states[index].outUntil > now {
                        entry.integer("milliseconds_left", (states[index].outUntil - now).wholeMilliseconds)
                    }
                    entry.integer("failures_in_a_row", outliers[index].failures)
                    entry.integer("ejections", outliers[index].ejections)
                    write(sum.tallies[index], sum.latencies[index], &entry)
                }
            }
        }
    }

    private func write(_ tally: UpstreamLane.Tally, _ latency: Duration?, _ json: inout JSONWriter) {
        json.integer("requests", tally.requests)
        json.integer("failures", tally.failures)
        json.integer("under_way", tally.underWay)
        if let failure = tally.lastFailure { json.text("last_failure", failure) }
        if let latency { json.integer("expected_microseconds", latency.wholeNanoseconds / 1_000) }
    }

    private func write(_ split: LiveSplit, _ json: inout JSONWriter) {
        json.text("route", split.name)
        json.key("sides")
        json.array { list in
            for (index, side) in split.state.enumerated() {
                list.object { entry in
                    let arm = split.settings.arms[index]
                    entry.text("upstream", arm.upstream)
                    entry.integer("weight", arm.weight)
                    entry.text("state", split.isRolledBack(index) ? "taken back" : "in use")
                    if let reason = side.reason { entry.text("reason", "\(reason)") }
                    entry.integer("recent_requests", side.sample.requests)
                    entry.integer("recent_errors", side.sample.errors)
                }
            }
        }
    }

    private static func describe(_ state: EndpointState, _ now: Deadline) -> String {
        if !state.isHealthy { return "unhealthy" }
        return state.outUntil > now ? "ejected" : "usable"
    }

    /// Each reactor has a breaker of its own.
    private static func describe(_ breakers: [CircuitBreaker.State]) -> String {
        let closed = breakers.count { $0 == .closed }
        if closed == breakers.count { return "closed" }
        return closed == 0 ? "open" : "open on \(breakers.count - closed) of \(breakers.count) reactors"
    }
}
