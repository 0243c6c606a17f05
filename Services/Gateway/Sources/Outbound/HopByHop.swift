import HTTP

/// Which fields end at the gateway (RFC 9110 §7.6.1) and which it alone may write.
enum HopByHop {
    private static let always = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "http2-settings",
    ]
    /// What says who the client is: anyone could have written it.
    private static let ours = [
        "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip",
        "x-request-id", "traceparent", "tracestate",
    ]
    /// Naming one of these in Connection would strip what another server relies on.
    private static let neverNominated = [
        "host", "content-length", "content-type", "authorization", "cookie", "cache-control",
    ]

    static func request(_ headers: HTTPHeaders) -> HTTPHeaders {
        kept(headers) { index in
            ours.contains { headers.isName($0, at: index) } || isInternal(headers.nameBytes(at: index))
        }
    }

    static func response(_ headers: HTTPHeaders) -> HTTPHeaders { kept(headers) { _ in false } }

    private static func kept(_ headers: HTTPHeaders, unless isDropped: (Int) -> Bool) -> HTTPHeaders {
        let nominated = nominated(headers)
        return headers.filter { index in
            !always.contains { headers.isName($0, at: index) } && !nominated.contains { headers.isName($0, at: index) }
                && !isDropped(index)
        }
    }

    private static func nominated(_ headers: HTTPHeaders) -> [String] {
        guard headers.contains("connection") else { return [] }
        return headers.values(of: "connection").flatMap { $0.split(separator: ",") }.prefix(16)
            .map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            .filter { !neverNominated.contains($0) }
    }

    /// `infinite-…` is how services of the suite speak to each other.
    private static func isInternal(_ name: ArraySlice<UInt8>) -> Bool {
        let prefix = "infinite-".utf8
        return name.count > prefix.count && zip(name, prefix).allSatisfy { $0 | 0x20 == $1 || $0 == $1 }
    }
}
