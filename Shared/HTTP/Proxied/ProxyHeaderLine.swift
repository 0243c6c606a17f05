internal import Core
internal import Reactor

/// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 4711 443` and CR LF.
enum ProxyHeaderLine {
    /// The specification's bound, CR LF included.
    private static let longest = 107
    private static let word = Array("PROXY ".utf8)

    static func parse(_ bytes: Span<UInt8>) throws(ProxyHeaderRefusal) -> ProxyHeader? {
        for index in 0..<min(bytes.count, word.count) where bytes[index] != word[index] { throw .notAHeader }
        var end = 0
        while end < min(bytes.count, longest), bytes[end] != HTTPSyntax.lineFeed {
            guard bytes[end] != 0 else { throw .malformedLine }
            end += 1
        }
        guard end < bytes.count, end < longest else {
            guard bytes.count < longest else { throw .malformedLine }
            return nil
        }
        guard end > word.count, bytes[end - 1] == HTTPSyntax.carriageReturn else { throw .malformedLine }
        let line = (word.count..<end - 1).map { bytes[$0] }
        return ProxyHeader(source: try source(String(decoding: line, as: UTF8.self)), length: end + 1)
    }

    /// What follows the first word.
    private static func source(_ line: String) throws(ProxyHeaderRefusal) -> SocketAddress? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        // Whatever follows is to be ignored.
        if words.first == "UNKNOWN" { return nil }
        guard words.count == 5, ["TCP4", "TCP6"].contains(words[0]) else { throw .malformedLine }
        let isV4 = words[0] == "TCP4"
        guard let address = address(words[1], isV4), Self.address(words[2], isV4) != nil, let port = port(words[3]),
            Self.port(words[4]) != nil
        else { throw .wrongAddresses }
        return .ip(address, port: port)
    }

    private static func address(_ text: Substring, _ isV4: Bool) -> IPAddress? {
        text.contains(":") == isV4 ? nil : IPAddress(text)
    }

    private static func port(_ text: Substring) -> UInt16? {
        guard let number = UInt16(text), String(number) == text else { return nil }
        return number
    }
}
