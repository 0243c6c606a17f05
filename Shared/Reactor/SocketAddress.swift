internal import CLinux
package import Core
internal import Glibc

/// Where a stream begins or ends.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    case ip(IPAddress, port: UInt16)
    case unix(path: String)

    /// The longest path that fits `sockaddr_un` with its terminating zero.
    package static let longestUnixPath = 107

    /// Reads `1.2.3.4:80`, `[::1]:80` and `unix:/path`. Names are not addresses: see `HostName`.
    package init?(_ text: some StringProtocol) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count <= Self.longestUnixPath, !path.utf8.contains(0) else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.utf8.count > 2
        if isBracketed { host = host.dropFirst().dropLast() }
        guard host.contains(":") == isBracketed, let address = IPAddress(host) else { return nil }
        self = .ip(address, port: port)
    }

    package static func loopback(port: UInt16) -> SocketAddress { .ip(.v4Loopback, port: port) }

    package var ipAddress: IPAddress? {
        if case .ip(let address, _) = self { address } else { nil }
    }

    package var port: UInt16? {
        if case .ip(_, let port) = self { port } else { nil }
    }

    package var description: String {
        switch self {
        case .ip(let address, let port): address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private static func port(_ text: some StringProtocol) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt16(text)
    }
}

extension SocketAddress {
    var family: Int32 {
        switch self {
        case .ip(let address, _): address.isV4 ? AF_INET : AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// As the kernel wants it.
    var storage: (sockaddr_storage, socklen_t) {
        var storage = sockaddr_storage()
        let length: Int
        switch self {
        case .ip(let address, let port) where address.isV4:
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            value.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
            length = MemoryLayout<sockaddr_in>.size
            unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: value, as: sockaddr_in.self) }
        case .ip(let address, let port):
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &value.sin6_addr) { unsafe $0.copyBytes(from: address.bytes) }
            length = MemoryLayout<sockaddr_in6>.size
            unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: value, as: sockaddr_in6.self) }
        case .unix(let path):
            storage.ss_family = sa_family_t(AF_UNIX)
            let offset = MemoryLayout<sa_family_t>.size
            length = offset + path.utf8.count + 1
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe UnsafeMutableRawBufferPointer(rebasing: $0[offset..<(length - 1)]).copyBytes(from: path.utf8)
            }
        }
        return (storage, socklen_t(length))
    }

    init?(_ storage: sockaddr_storage, length: socklen_t) {
        switch Int32(storage.ss_family) {
        case AF_INET:
            let value = unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in.self) }
            self = .ip(
                IPAddress(v4: UInt32(bigEndian: value.sin_addr.s_addr)), port: UInt16(bigEndian: value.sin_port))
        case AF_INET6:
            let value = unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in6.self) }
            let (high, low) = unsafe withUnsafeBytes(of: value.sin6_addr) {
                unsafe (
                    UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self = .ip(IPAddress(high: high, low: low), port: UInt16(bigEndian: value.sin6_port))
        case AF_UNIX:
            let offset = MemoryLayout<sa_family_t>.size
            let path = unsafe withUnsafeBytes(of: storage) { bytes in
                unsafe bytes[offset..<max(offset, Int(length))].prefix { $0 != 0 }.map { $0 }
            }
            self = .unix(path: String(decoding: path, as: UTF8.self))
        default: return nil
        }
    }
}
