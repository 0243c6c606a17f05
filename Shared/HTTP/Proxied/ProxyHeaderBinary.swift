internal import Core
internal import Reactor

/// Version 2: twelve bytes that no protocol begins with, version and command, family and protocol, the length of the
/// rest, the addresses, and extensions (type, length, value), which are checked for their bounds and not read.
enum ProxyHeaderBinary {
    static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
    private static let fixedLength = 16

    static func parse(_ bytes: Span<UInt8>) throws(ProxyHeaderRefusal) -> ProxyHeader? {
        for index in 0..<min(bytes.count, signature.count) where bytes[index] != signature[index] { throw .notAHeader }
        guard bytes.count >= fixedLength else { return nil }
        guard bytes[12] >> 4 == 2 else { throw .unknownVersion }
        let end = fixedLength + number(bytes, at: 14)
        guard end <= ProxyHeader.longest else { throw .tooLong }
        guard bytes[12] & 15 <= 1 else { throw .unknownCommand }
        guard bytes.count >= end else { return nil }
        // LOCAL: the proxy's own connection, whatever else stands there.
        guard bytes[12] & 15 == 1 else { return ProxyHeader(source: nil, length: end) }
        return ProxyHeader(source: try source(bytes, until: end), length: end)
    }

    private static func source(_ bytes: Span<UInt8>, until end: Int) throws(ProxyHeaderRefusal) -> SocketAddress? {
        switch bytes[13] {
        case 0x00: return nil
        case 0x11: return try ip(bytes, addressLength: 4, until: end)
        case 0x21: return try ip(bytes, addressLength: 16, until: end)
        case 0x31:
            try checkExtensions(bytes, from: fixedLength + 216, until: end)
            return nil
        default: throw .wrongAddresses
        }
    }

    private static func ip(
        _ bytes: Span<UInt8>, addressLength: Int, until end: Int
    ) throws(ProxyHeaderRefusal) -> SocketAddress {
        let ports = fixedLength + 2 * addressLength
        try checkExtensions(bytes, from: ports + 4, until: end)
        let source = (fixedLength..<fixedLength + addressLength).map { bytes[$0] }
        guard let address = IPAddress(bytes: source) else { throw .wrongAddresses }
        return .ip(address, port: UInt16(number(bytes, at: ports)))
    }

    private static func checkExtensions(
        _ bytes: Span<UInt8>, from start: Int, until end: Int
    ) throws(ProxyHeaderRefusal) {
        guard start <= end else { throw .wrongAddresses }
        var next = start
        while next < end {
            guard next + 3 <= end else { throw .malformedExtension }
            next += 3 + number(bytes, at: next + 1)
        }
        guard next == end else { throw .malformedExtension }
    }

    private static func number(_ bytes: Span<UInt8>, at index: Int) -> Int {
        Int(bytes[index]) << 8 | Int(bytes[index + 1])
    }
}
