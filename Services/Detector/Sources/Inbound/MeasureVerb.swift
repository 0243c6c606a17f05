import Contracts
import Core
import Glibc

/// `detector measure [CLIENTS]`: how many events a second one thread of this machine judges, by its processor time, and
/// what it costs to remember so many clients. A line each: a name and a number.
enum MeasureVerb {
    private static let events = 1_000_000
    private static let warmClients = 20_000

    static func run(_ arguments: [String]) -> Never {
        guard arguments.count <= 1, let clients = Int(arguments.first ?? "1000000"), (1...4_000_000).contains(clients)
        else { OfflineVerb.end("usage: detector measure [CLIENTS]\n", status: 64) }
        do {
            OfflineVerb.say("decoded-and-judged-per-second \(Int(try decodedAndJudged()))\n")
            let (rate, bytes) = remembered(clients)
            OfflineVerb.say("judged-per-second \(Int(rate))\nclients \(clients)\nmemory-bytes \(bytes)\n")
            exit(0)
        } catch {
            OfflineVerb.end("detector: \(error)\n", status: 70)
        }
    }

    /// From the bytes of the bus to the verdict, the clients in reach of the processor's caches.
    private static func decodedAndJudged() throws -> Double {
        let encoded = (0..<warmClients).map { event($0, of: warmClients).wireBytes() }
        var detection = Detection(settings(clients: warmClients), seed: 1)
        let began = processorSeconds()
        var told = 0
        for number in 0..<events {
            var request = ObservedRequest(try RequestObserved(wireBytes: encoded[number % encoded.count]))
            request.at = moment(number)
            told += detection.observe(request).count
        }
        precondition(told < events, "ordinary traffic is no threat")
        return Double(events) / (processorSeconds() - began)
    }

    /// Every client is new, then comes back once.
    private static func remembered(_ clients: Int) -> (perSecond: Double, bytes: Int) {
        var detection = Detection(settings(clients: clients), seed: 1)
        var request = ObservedRequest(event(0, of: 1))
        let (before, began) = (residentBytes(), processorSeconds())
        for number in 0..<(2 * clients) {
            request.client = address(number, of: clients)
            request.at = moment(number)
            _ = detection.observe(request, of: number & 3)
        }
        let seconds = processorSeconds() - began
        precondition(detection.clients.count == clients, "all of them are remembered")
        return (Double(2 * clients) / seconds, residentBytes() - before)
    }

    private static func settings(clients: Int) -> Detection.Settings {
        var settings = Detection.Settings()
        settings.clientCapacity = clients
        return settings
    }

    private static func moment(_ number: Int) -> Timestamp {
        Timestamp(seconds: 1_000_000) + .microseconds(20) * number
    }

    /// Spread over the whole of IPv4.
    private static func address(_ number: Int, of clients: Int) -> IPAddress {
        IPAddress(v4: UInt32(truncatingIfNeeded: (number % clients) &* 2_654_435_761))
    }

    /// About 300 bytes on the wire.
    private static func event(_ number: Int, of clients: Int) -> RequestObserved {
        RequestObserved(
            requestID: UUIDv7(), observedAt: moment(number), clientAddress: address(number, of: clients),
            clientPort: 40_000, method: Array("GET".utf8), host: Array("shop.example.com".utf8),
            path: Array("/products/outdoor/tents/ultralight-\(number % 50)".utf8),
            query: Array("color=green&page=3".utf8),
            userAgent: Array("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".utf8),
            referer: Array("https://shop.example.com/products".utf8), contentType: [],
            status: number % 40 == 0 ? 404 : 200, outcome: .proxied, route: "shop", upstream: "shop-1",
            requestBytes: 612, responseBytes: 18_220, durationMicroseconds: 3_122, upstreamMicroseconds: 2_871,
            inspectionNanoseconds: 18_400, inspectionScore: 0.02, traceHigh: 0x1234_5678_9abc, traceLow: 0xfedc_ba98,
            span: 0x7777_1111, protocolVersion: .http11, isSecure: true)
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func residentBytes() -> Int {
        let words = String(decoding: OfflineVerb.read("/proc/self/statm") ?? [], as: UTF8.self).split(separator: " ")
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
