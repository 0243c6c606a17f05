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
    package func client(peer: IPAddress, forwardedFor: [ArraySlice<UInt8>]) -> IPAddress {
        guard trustedHops > 0, isTrusted(peer) else { return peer }
        var client = peer
        var hops = trustedHops
        for line in forwardedFor.reversed() {
            var rest: ArraySlice<UInt8>? = line
            while let entries = rest, hops > 0 {
                let comma = entries.lastIndex(of: UInt8(ascii: ","))
                guard let address = Self.address(in: comma.map { entries[($0 + 1)...] } ?? entries) else {
                    return client
                }
                client = address
                hops -= 1
                rest = comma.map { entries[..<$0] }
            }
        }
        return client
    }

    private func isTrusted(_ peer: IPAddress) -> Bool {
        trustedNetworks.isEmpty || trustedNetworks.contains { $0.contains(peer) }
    }

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`, with spaces around.
    private static func address(in entry: ArraySlice<UInt8>) -> IPAddress? {
        let text = entry.drop(while: isBlank)
        guard let last = text.lastIndex(where: { !isBlank($0) }) else { return nil }
        let trimmed = text[...last]
        if let bare = IPAddress(ascii: trimmed) { return bare }
        if trimmed.first == UInt8(ascii: "["), let close = trimmed.firstIndex(of: UInt8(ascii: "]")) {
            return IPAddress(ascii: trimmed[(trimmed.startIndex + 1)..<close])
        }
        return trimmed.firstIndex(of: UInt8(ascii: ":")).flatMap { IPAddress(ascii: trimmed[..<$0]) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
