internal import CLinux
package import Core
internal import Glibc

/// Turns a host's name into addresses with the system's resolver, off the reactors' threads.
package enum HostName {
    private static let longestName = 253
    private static let threads = BlockingThreads(maximum: 4)

    /// All addresses of `host`, in the resolver's order, never empty. Literal addresses need no resolver.
    package static func resolve(
        _ host: String, port: UInt16, deadline: Deadline
    ) async throws(ReactorFailure) -> [SocketAddress] {
        if let address = IPAddress(host) { return [.ip(address, port: port)] }
        guard !host.isEmpty, host.utf8.count <= longestName, !host.utf8.contains(0) else { throw .badAddress(host) }
        let (addresses, error) = try await threads.run(deadline: deadline) { lookUp(host, port) }
        guard error == 0 else {
            throw .unknownHost(host, reason: unsafe String(cString: gai_strerror(error)))
        }
        guard !addresses.isEmpty else { throw .unknownHost(host, reason: "it has no address") }
        return addresses
    }

    private static func lookUp(_ host: String, _ port: UInt16) -> ([SocketAddress], Int32) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let error = unsafe getaddrinfo(host, nil, &hints, &list)
        guard error == 0 else { return ([], error) }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = unsafe list
        while let found = unsafe entry {
            if let address = unsafe read(found.pointee), !addresses.contains(address.with(port: port)) {
                addresses.append(address.with(port: port))
            }
            unsafe entry = found.pointee.ai_next
        }
        return (addresses, 0)
    }

    private static func read(_ entry: addrinfo) -> SocketAddress? {
        guard let source = unsafe entry.ai_addr else { return nil }
        var storage = sockaddr_storage()
        let length = min(Int(unsafe entry.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: length))
        }
        return SocketAddress(storage, length: socklen_t(length))
    }
}

extension SocketAddress {
    package func with(port: UInt16) -> SocketAddress {
        if case .ip(let address, _) = self { .ip(address, port: port) } else { self }
    }
}
