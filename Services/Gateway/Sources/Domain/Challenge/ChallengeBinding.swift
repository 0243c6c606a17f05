import Core
import Cryptography

/// Whom a puzzle or a pass is for, and what asked for it. Both are worth nothing to anybody else, or for anything else.
///
/// The client is known by the network it is in and what it calls itself, because an address may change within a network
/// while a person reads: `/24`, or `/64` of IPv6.
struct ChallengeBinding: Sendable, Equatable {
    /// Of IPv4.
    private static let prefixLength = 24

    /// What asked: a decision, a rule, a route.
    let scope: String
    let bytes: [UInt8]

    init(client: IPAddress, userAgent: ArraySlice<UInt8>?, scope: String) {
        self.scope = scope
        let network = client.masked(to: client.isV4 ? 96 + Self.prefixLength : RateLimit.ipv6Prefix)
        // Two parts of fixed length, then the one that has none: no two bindings are written alike.
        bytes = network.bytes16 + SHA256.hash(Array(userAgent ?? [])) + Array(scope.utf8)
    }
}

extension IPAddress {
    fileprivate var bytes16: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }
}
