/// A request method (RFC 9110 §9): any token, compared byte by byte.
package enum HTTPMethod: Hashable, Sendable, CustomStringConvertible {
    case get, head, post, put, delete, connect, options, trace, patch
    case other(String)

    package init(_ name: String) {
        self = Self.known.first { $0.description == name } ?? .other(name)
    }

    init(_ name: Span<UInt8>) {
        for (spelling, method) in Self.spellings where HTTPSyntax.equal(name, spelling) {
            self = method
            return
        }
        self = .other(HTTPSyntax.string(name))
    }

    package var description: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .connect: "CONNECT"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        case .other(let name): name
        }
    }

    /// Changes nothing at the origin, however often it is sent (RFC 9110 §9.2.1).
    package var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        default: false
        }
    }

    /// RFC 9110 §8.6: without content it says so.
    var meansContent: Bool {
        switch self {
        case .post, .put, .patch: true
        default: false
        }
    }

    /// Sending it twice is the same as sending it once (RFC 9110 §9.2.2).
    package var isIdempotent: Bool { isSafe || self == .put || self == .delete }

    private static let known: [HTTPMethod] = [.get, .post, .head, .put, .delete, .patch, .options, .connect, .trace]
    private static let spellings: [(StaticString, HTTPMethod)] = [
        ("GET", .get), ("POST", .post), ("HEAD", .head), ("PUT", .put), ("DELETE", .delete), ("PATCH", .patch),
        ("OPTIONS", .options), ("CONNECT", .connect), ("TRACE", .trace),
    ]
}
