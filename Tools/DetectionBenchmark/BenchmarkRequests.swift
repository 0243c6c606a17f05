internal import Inspection

/// Honest requests of the sizes that the targets name.
enum BenchmarkRequests {
    private static let browser: [InspectedRequest.Header] = [
        .init("Host", "shop.example"),
        .init("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
        .init("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
        .init("Accept-Language", "en-GB,en;q=0.7,de;q=0.3"), .init("Accept-Encoding", "gzip, deflate, br"),
        .init("Referer", "https://shop.example/catalogue/shoes?sort=price&page=3"),
        .init("Cookie", "session=8c1f2e77a0b94d3f; theme=dark; consent=yes; basket=7-12-19"),
        .init("Sec-Fetch-Mode", "navigate"),
    ]

    static let smallGet = get("/catalogue/shoes/42?colour=blue&size=42")

    static let longGet = get(
        "/search?q=running+shoes+with+wide+toe+box&category=footwear&brand=Example+Sports&min_price=40&max_price="
            + "120&sort=relevance&page=2&utm_source=newsletter&utm_medium=email&utm_campaign=autumn-2026&session="
            + "7f3e7abc8def0123456789abcdef0123&return_to=%2Fcatalogue%2Fshoes%3Fpage%3D2&lang=en-GB&view=grid")

    static func form(bytes: Int) -> InspectedRequest {
        post("application/x-www-form-urlencoded", formText(bytes: bytes))
    }

    static func json(bytes: Int) -> InspectedRequest { post("application/json", jsonText(bytes: bytes)) }

    /// A picture, as a browser sends it: bytes of all values.
    static func upload(bytes: Int) -> InspectedRequest {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        var body = Array(
            "--form-boundary-7d2f\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"shoes.jpg\"\r\n"
                .utf8)
        body += "Content-Type: image/jpeg\r\n\r\n".utf8
        for _ in 0..<bytes {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            body.append(UInt8(truncatingIfNeeded: state >> 33))
        }
        body += "\r\n--form-boundary-7d2f--\r\n".utf8
        let type = InspectedRequest.Header("Content-Type", "multipart/form-data; boundary=form-boundary-7d2f")
        return post(type, body)
    }

    private static func get(_ target: String) -> InspectedRequest {
        InspectedRequest(method: "GET", target: Array(target.utf8), headers: browser)
    }

    private static func post(_ type: String, _ body: String) -> InspectedRequest {
        post(.init("Content-Type", type), Array(body.utf8))
    }

    private static func post(_ type: InspectedRequest.Header, _ body: [UInt8]) -> InspectedRequest {
        InspectedRequest(
            method: "POST", target: Array("/orders".utf8),
            headers: browser + [type, .init("Content-Length", String(body.count))], body: body)
    }

    private static let sentences = [
        "Please leave the parcel with the neighbour at number 14.", "Maria O'Brien", "maria.obrien@example.org",
        "+44 20 7946 0958", "The blue one, size 42 (wide).", "12 High Street, Flat 3", "2026-11-21T10:30:00Z",
    ]

    private static func formText(bytes: Int) -> String {
        var body = ""
        var index = 0
        while body.utf8.count < bytes {
            let text = sentences[index % sentences.count].replacing(" ", "+").replacing("'", "%27")
            body += "\(body.isEmpty ? "" : "&")field_\(index)=\(text)"
            index += 1
        }
        return body
    }

    private static func jsonText(bytes: Int) -> String {
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
