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
    ])
    /// Naming one of these in Connection would strip what another server relies on; those of `always` go anyway.
    private static let neverNominated: HTTPFieldNames = always.union([
        "host", "content-length", "content-type", "authorization", "cookie", "cache-control", "close",
    ])
    private static let mostNominated = 16

    static func request(_ headers: HTTPHeaders) -> HTTPHeaders {
        kept(headers, without: ofClients, unless: isInternal)
    }

    static func response(_ headers: HTTPHeaders) -> HTTPHeaders { kept(headers, without: always) { _ in false } }

    private static func kept(
        _ headers: HTTPHeaders, without dropped: HTTPFieldNames, unless isInternal: (ArraySlice<UInt8>) -> Bool
    ) -> HTTPHeaders {
        let nominated = nominated(headers)
        return headers.filter { index in
            !headers.isName(in: dropped, at: index) && !isInternal(headers.nameBytes(at: index))
                && !nominated.contains { headers.isName($0, at: index) }
        }
    }

    /// The fields that Connection names; nearly always it names none.
    private static func nominated(_ headers: HTTPHeaders) -> [String] {
        guard let first = headers.index(of: "connection") else { return [] }
        var names: [String] = []
        for index in first..<headers.count where headers.isName("connection", at: index) {
            for item in headers.valueBytes(at: index).split(separator: UInt8(ascii: ",")) {
                let name = item.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
                guard !neverNominated.contains(name), names.count < mostNominated else { continue }
                names.append(String(decoding: name, as: UTF8.self))
            }
        }
        return names
    }

    /// `infinite-…` is how services of the suite speak to each other.
    private static func isInternal(_ name: ArraySlice<UInt8>) -> Bool {
        guard let first = name.first, first | 0x20 == UInt8(ascii: "i") else { return false }
        let prefix = "infinite-".utf8
        return name.count > prefix.count && zip(name, prefix).allSatisfy { $0 | 0x20 == $1 || $0 == $1 }
    }
}
