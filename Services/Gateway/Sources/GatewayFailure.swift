import ServiceKit

/// Why the gateway cannot start or do what it was asked.
enum GatewayFailure: ListedProblems, Sendable, Equatable, CustomStringConvertible {
    /// The routes file, each problem with file, line and fix.
    case routes([String])
    /// What the firewall's rules name, each problem with file, line and fix.
    case firewall([String])
    case asset(String)
    case captcha(String)
    case accessLog(String)
    case token(TokenFailure)

    /// One by one, where there are several.
    var problems: [String] {
        switch self {
        case .routes(let problems), .firewall(let problems): problems
        default: [description]
        }
    }

    var description: String {
        switch self {
        case .routes(let problems): "the routes cannot be used:\n" + problems.map { "  \($0)" }.joined(separator: "\n")
        case .firewall(let problems):
            "the firewall's files cannot be used:\n" + problems.map { "  \($0)" }.joined(separator: "\n")
        case .accessLog(let reason): "the access log cannot be written: \(reason)"
        case .captcha(let reason): "the captcha's server cannot be asked: \(reason)"
        case .asset(let reason): "the live page cannot be served: \(reason)"
        case .token(let failure): failure.description
        }
    }
}
