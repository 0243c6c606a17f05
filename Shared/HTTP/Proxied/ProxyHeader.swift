package import Reactor

/// What a proxy says of its client before anything else: the PROXY protocol, version 1 (a line of text) or 2 (binary), as
/// HAProxy's specification of 2020 has it.
///
/// Strict, because what it says is believed: one space between words, no leading zeros, addresses of the family that was
/// named, every extension within the announced length. It is read whole or not at all, and never beyond `longest` bytes.
package struct ProxyHeader: Sendable, Equatable {
    /// The client; nil when the proxy speaks for itself (LOCAL, a health check) or does not know (UNKNOWN, a unix socket).
    package var source: SocketAddress?
    /// How many bytes it took.
    package var length: Int

    /// Version 2 could announce 64 KiB; what proxies really add (names of certificates, identifiers) takes some hundred.
    package static let longest = 4_096

    package init(source: SocketAddress?, length: Int) { (self.source, self.length) = (source, length) }

    /// Nil while it is not complete.
    package static func parse(_ bytes: Span<UInt8>) throws(ProxyHeaderRefusal) -> ProxyHeader? {
        guard bytes.count > 0 else { return nil }
        return bytes[0] == ProxyHeaderBinary.signature[0]
            ? try ProxyHeaderBinary.parse(bytes) : try ProxyHeaderLine.parse(bytes)
    }
}

/// Why a trusted proxy's header was not accepted. The connection ends without an answer: nobody knows what is spoken.
package enum ProxyHeaderRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case notAHeader
    case malformedLine
    case unknownVersion
    case unknownCommand
    case wrongAddresses
    case tooLong
    case malformedExtension
    case late
    /// The connection ended or broke before the header was complete.
    case incomplete

    package var description: String {
        switch self {
        case .notAHeader: "it does not begin with a PROXY header; make the proxy send one, or do not trust its address"
        case .malformedLine: "the line of version 1 is not as the specification has it"
        case .unknownVersion: "only versions 1 and 2 exist"
        case .unknownCommand: "only LOCAL and PROXY exist"
        case .wrongAddresses: "the addresses are not of the family and protocol it names"
        case .tooLong: "it is longer than \(ProxyHeader.longest) bytes"
        case .malformedExtension: "an extension is longer than the header"
        case .late: "it did not arrive in time"
        case .incomplete: "the connection ended before it was complete"
        }
    }
}
