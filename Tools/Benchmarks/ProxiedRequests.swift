internal import Foundation
internal import Measuring

/// How clients speak to the proxies under measurement.
enum ProxiedProtocol: Equatable {
    case http1
    case http1TLS
    /// Over TLS, so many streams at once on each connection.
    case http2(connections: Int, streams: Int)

    /// As many requests under way as streams on all connections.
    var connections: Int {
        if case .http2(let connections, _) = self { connections } else { 64 }
    }

    var isVersion2: Bool {
        if case .http2 = self { true } else { false }
    }
    var isSecure: Bool { self != .http1 }
    var scheme: String { isSecure ? "https" : "http" }

    var name: String {
        switch self {
        case .http1: "h1"
        case .http1TLS: "h1-tls"
        case .http2(_, let streams): "h2-tls-\(streams)-\(streams == 1 ? "stream" : "streams")"
        }
    }

    /// What `h2load` is told.
    var options: [String] {
        switch self {
        case .http1, .http1TLS: ["--h1"]
        case .http2(_, let streams): ["-m\(streams)"]
        }
    }
}

/// What is asked of the upstream. The last part of the path says which answer it gives.
struct RequestShape {
    enum Body {
        case form, json

        /// About 4 KiB of what applications send.
        func file(in folder: String) throws -> String {
            let (name, text) =
                self == .form
                ? ("form", BenchmarkRequests.steadyForm) : ("json", BenchmarkRequests.steadyJSON)
            let path = "\(folder)/\(name)"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

    let name: String
    let target: String
    var headers: [String] = []
    var body: Body?

    /// 14 bytes, and the fewest header fields.
    static let hello = RequestShape(name: "hello", target: "hello")
    /// What a browser sends, answered with 1 KiB.
    static let get = RequestShape(name: "get", target: "item?id=42&sort=price", headers: browser)
    /// The same with a query of 300 bytes.
    static let query = RequestShape(
        name: "query",
        target: "item?search=" + (0..<36).map { "word\($0 % 10)" }.joined(separator: "+")
            + "&page=3&order=relevance&filter=shoes",
        headers: browser)
    /// 64 KiB of answer.
    static let large = RequestShape(name: "64k", target: "large", headers: browser)
    static let form = RequestShape(
        name: "form", target: "form", headers: browser + ["Content-Type: application/x-www-form-urlencoded"],
        body: .form)
    static let json = RequestShape(
        name: "json", target: "form", headers: browser + ["Content-Type: application/json"], body: .json)

    static let all = [hello, get, query, large, form, json]

    private static let browser = [
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language: en-GB,en;q=0.5",
        "Accept-Encoding: gzip, deflate, br",
        "Referer: https://shop.example/category/shoes",
        "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
    ]
}
