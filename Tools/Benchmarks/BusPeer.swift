internal import Contracts
internal import Core
internal import Glibc
internal import Messaging
internal import Reactor
internal import Telemetry

/// The other ends of the bus benchmark, each in a process of its own: who consumes the stream of events and who answers
/// calls.
enum BusPeer {
    static let role = "bus-peer"

    /// `arguments`: what to do, the broker's port, the users' password, a number. Never returns.
    static func run(_ arguments: [String]) async -> Never {
        guard arguments.count == 4, let port = UInt16(arguments[1]), let number = Int(arguments[3]) else { exit(2) }
        do {
            switch arguments[0] {
            case "produce": try await produce(number, port: port, password: arguments[2])
            case "consume": try await consume(number, port: port, password: arguments[2])
            case "answer": try await answer(port: port, password: arguments[2])
            default: exit(2)
            }
            exit(0)
        } catch {
            say("bus-peer: \(error)")
            exit(1)
        }
    }

    private static let group = Result { try ReactorGroup(count: 1) }

    static func connect(_ service: ServiceName, port: UInt16, password: String) async throws -> Bus {
        let bus = Bus(
            configuration: BusConfiguration(port: port, user: service.operatorName, password: password),
            service: service, group: try group.get(), logger: .silent, metrics: MetricsRegistry())
        await bus.start()
        try await bus.waitUntilConnected(deadline: .after(.seconds(30)))
        return bus
    }

    /// At once: what `print` writes to a file waits in a buffer.
    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
    }

    /// Offers events as fast as the bus takes them; prints when it began.
    private static func produce(_ count: Int, port: UInt16, password: String) async throws {
        let bus = try await connect(.gateway, port: port, password: password)
        let batcher = EventBatcher(bus: bus, topic: .requestsObserved)
        say("began \(Deadline.now.uptimeNanoseconds)")
        try await bus.reactor.perform {
            var event = sample
            for number in 0..<count {
                event.clientAddress = IPAddress(v4: UInt32(truncatingIfNeeded: number &* 2_654_435_761))
                event.clientPort = UInt32(truncatingIfNeeded: number)
                _ = batcher.offer(event, key: event.clientAddress.bytes)
                if number % 500 == 499 {
                    await Reactor.yield()
                    while batcher.waitingBatches > 32 { try await Reactor.sleep(for: .milliseconds(1)) }
                }
            }
        }
        guard await batcher.flush(deadline: .after(.seconds(60))), batcher.droppedEvents == 0 else {
            throw BenchmarkFailure("\(batcher.droppedEvents) events were dropped")
        }
        await bus.stop(deadline: .after(.seconds(5)))
    }

    /// Decodes every event; prints when the last one came.
    private static func consume(_ count: Int, port: UInt16, password: String) async throws {
        let bus = try await connect(.detector, port: port, password: password)
        let (seen, bytes) = (Counter(), Counter())
        let done = Promise<Int64>()
        for queue in Queue.requests(of: .detector) {
            bus.consume(queue, options: ConsumptionOptions(prefetch: 32)) { delivery in
                var size = 0
                try delivery.forEach(as: RequestObserved.self) { size += $0.path.count }
                bytes.increment(by: size)
                seen.increment(by: delivery.count)
                if seen.value >= UInt64(count) { done.fulfil(Deadline.now.uptimeNanoseconds) }
            }
        }
        say("ready")
        say("ended \(try await done.value(deadline: .after(.seconds(240))))")
        await bus.stop(deadline: .after(.seconds(5)))
    }

    private static func answer(port: UInt16, password: String) async throws {
        let bus = try await connect(.metrics, port: port, password: password)
        bus.serve(MetricsRPC.getOverview) { request, _ in GetOverviewResponse(openIncidents: UInt64(request.minutes)) }
        say("ready")
        try await Reactor.sleep(for: .seconds(600))
    }

    /// About 300 bytes on the wire.
    static let sample = RequestObserved(
        requestID: UUIDv7(), observedAt: .now, clientAddress: .v4Loopback, clientPort: 40_000,
        method: Array("GET".utf8), host: Array("shop.example.com".utf8),
        path: Array("/products/outdoor/tents/ultralight-2-person".utf8), query: Array("color=green&page=3".utf8),
        userAgent: Array("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".utf8),
        referer: Array("https://shop.example.com/products".utf8), contentType: [], status: 200, outcome: .proxied,
        route: "shop", upstream: "shop-1", requestBytes: 612, responseBytes: 18_220, durationMicroseconds: 3_122,
        upstreamMicroseconds: 2_871, inspectionNanoseconds: 18_400, inspectionScore: 0.02, traceHigh: 0x1234_5678_9abc,
        traceLow: 0xfedc_ba98, span: 0x7777_1111, protocolVersion: .http11, isSecure: true)
}
