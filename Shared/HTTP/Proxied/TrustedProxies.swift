package import Core
package import Reactor

/// Who may say for whom a connection is made.
package struct TrustedProxies: Sendable, Equatable {
    package var networks: [IPNetwork]
    /// Whether who comes over a unix socket is one: then the socket's permissions say who that can be.
    package var includesUnix: Bool

    package init(networks: [IPNetwork], includesUnix: Bool = false) {
        self.networks = networks
        self.includesUnix = includesUnix
    }

    package func includes(_ peer: SocketAddress) -> Bool {
        guard let address = peer.ipAddress else { return includesUnix }
        return networks.contains { $0.contains(address) }
    }
}
