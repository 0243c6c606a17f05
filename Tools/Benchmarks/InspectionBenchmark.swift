internal import Core
internal import Glibc
internal import Inspection

/// What the built-in rules cost per request, on one thread, for the requests that the product's targets name. The
/// processor's time of this thread is counted, not the wall's, so that a busy machine does not spoil the figure.
enum InspectionBenchmark {
    static func run() throws -> [Figure] {
        let engine = try InspectionEngine.builtIn()
        var figures: [Figure] = []
        for (name, request, bar) in requests {
            let seconds = try measure(engine, request)
            figures.append(
                Figure(name: "inspection.\(name)", value: seconds * 1e6, unit: "microseconds", bar: .atMost(bar)))
            if request.body.count >= 64_000 {
                let megabytes = Double(request.body.count) / seconds / 1e6
                let rate: Figure.Bar = name.hasPrefix("plain") ? .atLeast(312) : .none
                figures.append(
                    Figure(name: "inspection.\(name).rate", value: megabytes, unit: "megabytes/s", bar: rate))
            }
        }
        return figures
    }

    /// The fastest of several rounds: what the work costs when nothing else disturbs the caches.
    private static func measure(_ engine: InspectionEngine, _ request: InspectedRequest) throws -> Double {
        var scratch = try InspectionScratch()
        let repetitions = max(3, 400_000 / (request.body.count + 500))
        var best = Double.infinity
        for _ in 0..<15 {
            let started = threadSeconds()
            for _ in 0..<repetitions {
                let verdict = engine.inspect(request, .standard, &scratch)
                guard verdict.action == .allow else { fatalError("an honest request was judged \(verdict)") }
            }
            best = min(best, (threadSeconds() - started) / Double(repetitions))
        }
        return best
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static let browser: [InspectedRequest.Header] = [
        .init("Host", "shop.example"),
        .init("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
        .init("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
        .init("Accept-Language", "en-GB,en;q=0.7,de;q=0.3"), .init("Accept-Encoding", "gzip, deflate, br"),
        .init("Referer", "https://shop.example/catalogue/shoes?sort=price&page=3"),
        .init("Cookie", "session=8c1f2e77a0b94d3f; theme=dark; consent=yes; basket=7-12-19"),
        .init("Sec-Fetch-Mode", "navigate"),
    ]

    /// The bars of the first rows are what the gateway can spend and keep seven tenths of its throughput.
    private static let requests: [(String, InspectedRequest, Double)] = [
        ("small-get", get("/catalogue/shoes/42?colour=blue&size=42"), 8),
        (
            "get-300-byte-query",
            get(
                "/search?q=running+shoes+with+wide+toe+box&category=footwear&brand=Example+Sports&min_price=40&max_price="
                    + "120&sort=relevance&page=2&utm_source=newsletter&utm_medium=email&utm_campaign=autumn-2026&session="
                    + "7f3e7abc8def0123456789abcdef0123&return_to=%2Fcatalogue%2Fshoes%3Fpage%3D2&lang=en-GB&view=grid"),
            15
        ),
        ("post-4-kilobyte-form", post("application/x-www-form-urlencoded", form(bytes: 4_096)), 60),
        ("post-4-kilobyte-json", post("application/json", json(bytes: 4_096)), 60),
        ("post-2-kilobyte-json", post("application/json", json(bytes: 2_048)), 40),
        ("post-64-kilobyte-form", post("application/x-www-form-urlencoded", form(bytes: 65_536)), 4_000),
        ("post-64-kilobyte-json", post("application/json", json(bytes: 65_536)), 4_000),
        ("plain-256-kilobytes", post("text/plain", text(bytes: 262_144)), 4_000),
    ]

    private static func get(_ target: String) -> InspectedRequest {
        InspectedRequest(method: "GET", target: Array(target.utf8), headers: browser)
    }

    private static func post(_ type: String, _ body: String) -> InspectedRequest {
        InspectedRequest(
            method: "POST", target: Array("/orders".utf8), headers: browser + [.init("Content-Type", type)],
            body: Array(body.utf8))
    }

    private static let sentences = [
        "Please leave the parcel with the neighbour at number 14.", "Maria O'Brien", "maria.obrien@example.org",
        "+44 20 7946 0958", "The blue one, size 42 (wide).", "12 High Street, Flat 3", "2026-11-21T10:30:00Z",
    ]

    private static func form(bytes: Int) -> String {
        var body = ""
        var index = 0
        while body.utf8.count < bytes {
            let text = sentences[index % sentences.count].replacing(" ", "+").replacing("'", "%27")
            body += "\(body.isEmpty ? "" : "&")field_\(index)=\(text)"
            index += 1
        }
        return body
    }

    private static func text(bytes: Int) -> String {
        var body = ""
        var index = 0
        while body.utf8.count < bytes {
            body += sentences[index % sentences.count] + (index % 9 == 8 ? "\n" : " ")
            index += 1
        }
        return body
    }

    private static func json(bytes: Int) -> String {
        var members: [String] = []
        var length = 2
        while length < bytes {
            let index = members.count
            members.append(
                "\"member_\(index)\": {\"id\": \(index), \"text\": \"\(sentences[index % sentences.count])\"}")
            length += members[index].utf8.count + 1
        }
        return "{" + members.joined(separator: ",") + "}"
    }
}

extension String {
    fileprivate func replacing(_ character: Character, _ text: String) -> String {
        reduce(into: "") { result, next in next == character ? result.append(text) : result.append(next) }
    }
}
