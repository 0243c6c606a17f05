import HTTP

/// Which fields end at the gateway (RFC 9110 §7.6.1) and which it alone may write.
enum HopByHop {
    private static let always: HTTPFieldNames = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "http2-settings",
    ]
    /// With what says who the client is, which anyone could have written.
    private static let ofClients = always.union([
        "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip",
        "x-request-id", "x-request-timeout-ms", "traceparent", "tracestate",
        "x-client-certificate-subject", "x-client-certificate-sha256",
    ]).andAll(beginningWith: ofTheSuite).andAlike()
    /// How services of the suite speak to each other.
    private static let ofTheSuite = "infinite-"
    /// Naming one of these in Connection would strip what another server relies on; those of `always` go anyway.
    private static let neverNominated: HTTPFieldNames = always.union([
        "host", "content-length", "content-type", "authorization", "cookie", "cache-control", "close",
    ])
    private static let mostNominated = 16
    private static let connection = HTTPFieldName("Connection")
    private static let ordinary: HTTPFieldNames = ["keep-alive", "close", "upgrade"]

    /// With what the gateway says itself.
    private static let ofUpstreams = always.union(["x-request-id"])

    static func request(_ headers: HTTPHeaders) -> HTTPHeaders { kept(headers, without: ofClients) }

    /// Where nothing shall tell of the gateway, it says nothing itself.
    static func response(_ headers: HTTPHeaders, isDiverted: Bool) -> HTTPHeaders {
        kept(headers, without: isDiverted ? always : ofUpstreams)
    }

    private static func kept(_ headers: HTTPHeaders, without dropped: HTTPFieldNames) -> HTTPHeaders {
        let kept = headers.without(dropped)
        let nominated = nominated(headers)
        guard !nominated.isEmpty else { return kept }
        return kept.filter { index in !nominated.contains { kept.isName($0, at: index) } }
    }

    /// The fields that Connection names; nearly always it names none.
    private static func nominated(_ headers: HTTPHeaders) -> [String] {
        guard headers.contains(connection) else { return [] }
        var names: [String] = []
        for index in 0..<headers.count where headers.isName(connection, at: index) {
            let value = headers.valueBytes(at: index)
            // What nearly every server says names nothing.
            if ordinary.contains(value.span) { continue }
            for item in value.split(separator: UInt8(ascii: ",")) {
                let name = item.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
                guard !neverNominated.contains(name), names.count < mostNominated else { continue }
                names.append(String(decoding: name, as: UTF8.self))
            }
        }
        return names
    }
}
