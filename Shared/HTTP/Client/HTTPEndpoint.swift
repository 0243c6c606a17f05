internal import Core
package import Reactor

/// Whom a client speaks to: the key of its connection pools.
package struct HTTPEndpoint: Hashable, Sendable, CustomStringConvertible {
    package enum Location: Hashable, Sendable {
        case host(String, port: UInt16)
        case address(SocketAddress)
    }

    package let location: Location
    package let isSecure: Bool

    package init(host: String, port: UInt16, isSecure: Bool = false) {
        location = .host(host.lowercased(), port: port)
        self.isSecure = isSecure
    }

    package init(_ address: SocketAddress, isSecure: Bool = false) {
        location = .address(address)
        self.isSecure = isSecure
    }

    /// `http://host:port`, `https://host` or `unix:/path`; nothing may follow.
    package init?(_ text: some StringProtocol) {
        if text.hasPrefix("unix:") {
            guard let address = SocketAddress(text) else { return nil }
            self.init(address)
            return
        }
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { return nil }
        var authority = text.dropFirst(isSecure ? 8 : 7)
        if authority.last == "/" { authority = authority.dropLast() }
        guard let (host, port) = Self.split(authority, defaultPort: isSecure ? 443 : 80) else { return nil }
        self.init(host: host, port: port, isSecure: isSecure)
    }

    private static func split(_ authority: some StringProtocol, defaultPort: UInt16) -> (String, UInt16)? {
        let bytes = Array(authority.utf8)
        guard (try? HTTPAuthority.check(bytes.span)) != nil else { return nil }
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        let colon = authority[afterBracket...].lastIndex(of: ":")
        let host = String(authority[..<(colon ?? authority.endIndex)].filter { $0 != "[" && $0 != "]" })
        guard let colon else { return (host, defaultPort) }
        return UInt16(authority[authority.index(after: colon)...]).map { (host, $0) }
    }

    /// What goes into the Host field.
    package var authority: String {
        switch location {
        case .host(let host, let port):
            let name = host.contains(":") ? "[\(host)]" : host
            return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
        case .address(.unix): return "localhost"
        case .address(let address): return "\(address)"
        }
    }

    /// Whom a certificate has to name.
    var hostName: String {
        switch location {
        case .host(let host, _): host
        case .address(let address): address.ipAddress.map(\.description) ?? "localhost"
        }
    }

    package var description: String {
        if case .address(.unix(let path)) = location { return "unix:\(path)" }
        return "\(isSecure ? "https" : "http")://\(authority)"
    }
}
