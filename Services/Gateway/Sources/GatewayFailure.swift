/// Why the gateway cannot start or do what it was asked.
enum GatewayFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The routes file, each problem with file, line and fix.
    case routes([String])
    case asset(String)
    case accessLog(String)
    case token(TokenFailure)

    var description: String {
        switch self {
        case .routes(let problems): "the routes cannot be used:\n" + problems.map { "  \($0)" }.joined(separator: "\n")
        case .accessLog(let reason): "the access log cannot be written: \(reason)"
        case .asset(let reason): "the live page cannot be served: \(reason)"
        case .token(let failure): failure.description
        }
    }
}
