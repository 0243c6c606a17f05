package import Inspection

/// Honest requests of the sizes that the targets name. Each kind comes in variants, as traffic does: a few browsers, and
/// sessions, words and numbers that never come again.
package struct BenchmarkRequests {
    package static let variants = 64

    private let variant: Int
    private var random: UInt64

    init(_ variant: Int) {
        self.variant = variant
        random = UInt64(variant + 1) &* 0x9e37_79b9_7f4a_7c15
    }

    package static func all(_ make: (inout BenchmarkRequests) -> InspectedRequest) -> [InspectedRequest] {
        (0..<variants).map { variant in
            var requests = BenchmarkRequests(variant)
            return make(&requests)
        }
    }

    package static func one(_ make: (inout BenchmarkRequests) -> InspectedRequest) -> InspectedRequest {
        var requests = BenchmarkRequests(0)
        return make(&requests)
    }

    // MARK: Kinds

    package mutating func smallGet() -> InspectedRequest {
        get("/catalogue/\(word())/\(number(100_000))?colour=\(word())&size=\(number(60))")
    }

    package mutating func longGet() -> InspectedRequest {
        get(
            "/search?q=\(word())+\(word())+with+\(word())+\(word())&category=footwear&brand=Example+Sports&min_price="
                + "\(number(90))&max_price=\(number(900))&sort=relevance&page=\(number(30))&utm_source=newsletter"
                + "&utm_medium=email&utm_campaign=autumn-2026&session=\(hex())\(hex())"
                + "&return_to=%2Fcatalogue%2F\(word())%3Fpage%3D\(number(9))&lang=en-GB&view=grid")
    }

    package mutating func form(bytes: Int) -> InspectedRequest {
        var body = ""
        var index = 0
        while body.utf8.count < bytes {
            let text = sentence(index).replacing(" ", "+").replacing("'", "%27")
            body += "\(body.isEmpty ? "" : "&")field_\(index)=\(text)"
            index += 1
        }
        return post("application/x-www-form-urlencoded", Array(body.utf8))
    }

    package mutating func json(bytes: Int) -> InspectedRequest {
        var members: [String] = []
        var length = 2
        while length < bytes {
            let index = members.count
            members.append("\"member_\(index)\": {\"id\": \(number(100_000)), \"text\": \"\(sentence(index))\"}")
            length += members[index].utf8.count + 1
        }
        return post("application/json", Array(("{" + members.joined(separator: ",") + "}").utf8))
    }

    /// Text that nothing takes apart, as a log or a document is sent.
    package mutating func text(bytes: Int) -> InspectedRequest {
        var body = ""
        while body.utf8.count < bytes { body += sentence(Int(next() % 7)) + "\n" }
        return post("text/plain", Array(body.utf8.prefix(bytes)))
    }

    /// A picture, as a browser sends it: bytes of all values.
    package mutating func upload(bytes: Int) -> InspectedRequest {
        var body = Array(
            "--form-boundary-7d2f\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"shoes.jpg\"\r\n"
                .utf8)
        body += "Content-Type: image/jpeg\r\n\r\n".utf8
        for _ in 0..<bytes { body.append(UInt8(truncatingIfNeeded: next() >> 33)) }
        body += "\r\n--form-boundary-7d2f--\r\n".utf8
        return post("multipart/form-data; boundary=form-boundary-7d2f", body)
    }

    // MARK: The same each time

    /// A form and a JSON text of about 4 KiB, as `make bench-gateway` sends them again and again.
    package static let steadyForm =
        (0..<60).map { "field\($0)=some+ordinary+text+of+field+number+\($0)+which+goes+on" }.joined(separator: "&")
    package static let steadyJSON =
        "{"
        + (0..<60).map { "\"field\($0)\":{\"name\":\"an ordinary text\",\"price\":\($0).5,\"tags\":[\"a\"]}" }
        .joined(separator: ",") + "}"

    package mutating func steadyFormPost() -> InspectedRequest {
        post("application/x-www-form-urlencoded", Array(Self.steadyForm.utf8))
    }

    package mutating func steadyJSONPost() -> InspectedRequest {
        post("application/json", Array(Self.steadyJSON.utf8))
    }

    // MARK: What they are made of

    private static let browsers = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    ]

    private mutating func browser() -> [InspectedRequest.Header] {
        [
            .init("Host", "shop.example"), .init("User-Agent", Self.browsers[variant % Self.browsers.count]),
            .init("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
            .init("Accept-Language", "en-GB,en;q=0.7,de;q=0.3"), .init("Accept-Encoding", "gzip, deflate, br"),
            .init("Referer", "https://shop.example/catalogue/\(word())?sort=price&page=\(number(40))"),
            .init(
                "Cookie", "session=\(hex()); theme=dark; consent=yes; basket=\(number(99))-\(number(99))-\(number(99))"),
            .init("Sec-Fetch-Mode", "navigate"),
        ]
    }

    private mutating func get(_ target: String) -> InspectedRequest {
        InspectedRequest(method: "GET", target: Array(target.utf8), headers: browser())
    }

    private mutating func post(_ type: String, _ body: [UInt8]) -> InspectedRequest {
        InspectedRequest(
            method: "POST", target: Array("/orders".utf8),
            headers: browser() + [.init("Content-Type", type), .init("Content-Length", String(body.count))], body: body)
    }

    private mutating func sentence(_ kind: Int) -> String {
        switch kind % 7 {
        case 0: "Please leave the \(word()) with the neighbour at number \(number(200))."
        case 1: "\(word().capitalized) O'\(word().capitalized)"
        case 2: "\(word()).\(word())@example.org"
        case 3: "+44 20 7946 0\(100 + next() % 900)"
        case 4: "The \(word()) one, size \(number(60)) (wide)."
        case 5: "\(number(300)) High Street, Flat \(number(30))"
        default: "2026-11-\(10 + next() % 20)T10:\(10 + next() % 50):00Z"
        }
    }

    private static let syllables = ["bra", "ken", "lo", "mi", "tas", "ver", "no", "shoe", "pal", "rin", "dor", "sea"]

    private mutating func word() -> String {
        (0..<3).map { _ in Self.syllables[Int(next() % UInt64(Self.syllables.count))] }.joined()
    }

    private mutating func number(_ limit: UInt64) -> UInt64 { next() % limit }
    private mutating func hex() -> String { String(next() | 1 << 63, radix: 16) }

    private mutating func next() -> UInt64 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return random >> 11
    }
}

extension String {
    fileprivate func replacing(_ character: Character, _ text: String) -> String {
        reduce(into: "") { result, next in next == character ? result.append(text) : result.append(next) }
    }

    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
