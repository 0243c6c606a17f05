package import Core

/// Whose request this is, when other proxies may stand before us.
///
/// `X-Forwarded-For` is written by everyone on the way, the attacker included, so only its right end can be trusted:
/// with N trusted hops before us the client is the N-th entry from the right, and the peer itself must be one of them.
/// With no trusted hop the header is never looked at.
package struct ClientAddressPolicy: Sendable {
    package let trustedHops: Int
    package let trustedNetworks: [IPNetwork]

    package static let maximumHops = 16

    package init(trustedHops: Int, trustedNetworks: [IPNetwork]) {
        self.trustedHops = min(max(0, trustedHops), Self.maximumHops)
        self.trustedNetworks = trustedNetworks
    }

    /// - Parameter forwardedFor: the values of all `X-Forwarded-For` fields, in order.
    package func client(peer: IPAddress, forwardedFor: [String]) -> IPAddress {
        guard trustedHops > 0, isTrusted(peer) else { return peer }
        let entries = forwardedFor.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        var client = peer
        for entry in entries.suffix(trustedHops).reversed() {
            guard let address = Self.address(in: entry) else { return client }
            client = address
        }
        return client
    }

    private func isTrusted(_ peer: IPAddress) -> Bool {
        trustedNetworks.isEmpty || trustedNetworks.contains { $0.contains(peer) }
    }

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`, with spaces around.
    private static func address(in entry: Substring) -> IPAddress? {
        let text = entry.drop { $0 == " " || $0 == "\t" }
        guard let last = text.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return nil }
        let trimmed = text[...last]
        if let bare = IPAddress(trimmed) { return bare }
        if trimmed.first == "[", let close = trimmed.firstIndex(of: "]") {
            return IPAddress(trimmed[trimmed.index(after: trimmed.startIndex)..<close])
        }
        return trimmed.firstIndex(of: ":").flatMap { IPAddress(trimmed[..<$0]) }
    }
}
