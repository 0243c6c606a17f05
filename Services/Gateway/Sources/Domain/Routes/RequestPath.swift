/// A request's path in the one form that routes are matched against (RFC 3986 §6.2.2): unreserved characters not
/// escaped, no dot segments, no empty segments, no `;parameters`.
///
/// `/%61dmin`, `//admin`, `/x/../admin` and `/admin;x=1` all reach `/admin` at one upstream or another, so all of them
/// meet that route's rules. What upstreams understand in different ways (dot segments behind an escaped slash or before
/// a `;`, an escaped NUL, a `%` that escapes nothing) has no path at all and is refused. The upstream still gets what the client wrote, unless the
/// route rewrites it.
package struct RequestPath: Sendable {
    package let bytes: ArraySlice<UInt8>
    /// The client wrote it so.
    package let isAsReceived: Bool

    /// Nil when the path could be understood in two ways.
    package init?(_ received: ArraySlice<UInt8>) {
        guard Self.needsWork(received) else {
            bytes = received
            isAsReceived = true
            return
        }
        guard let decoded = Self.decoded(received), let normal = Self.withoutDots(decoded) else { return nil }
        bytes = normal[...]
        isAsReceived = bytes == received
    }

    package init?(_ text: String) { self.init(Array(text.utf8)[...]) }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Most paths hold nothing of all that, which one look tells.
    private static func needsWork(_ path: ArraySlice<UInt8>) -> Bool {
        var previous: UInt8 = 0
        for byte in path {
            switch byte {
            case UInt8(ascii: "%"), UInt8(ascii: ";"), UInt8(ascii: "\\"): return true
            case UInt8(ascii: "/"), UInt8(ascii: "."): if previous == slash { return true }
            default: break
            }
            previous = byte
        }
        return false
    }

    private static let slash = UInt8(ascii: "/")

    /// Escapes of unreserved characters undone, the others left as they are.
    private static func decoded(_ path: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var index = path.startIndex
        while index < path.endIndex {
            if path[index] == UInt8(ascii: "%") {
                guard let value = escape(path, at: index), value != 0 else { return nil }
                if isUnreserved(value) { result.append(value) } else { append(escape: value, to: &result) }
                index += 3
            } else if path[index] == UInt8(ascii: "\\") {
                // Browsers and some servers take it for a slash; escaped it is nothing but itself.
                append(escape: path[index], to: &result)
                index += 1
            } else {
                result.append(path[index])
                index += 1
            }
        }
        return result
    }

    private static func escape(_ path: ArraySlice<UInt8>, at index: Int) -> UInt8? {
        guard index + 2 < path.endIndex, let high = hexadecimal(path[index + 1]),
            let low = hexadecimal(path[index + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func append(escape value: UInt8, to result: inout [UInt8]) {
        result.append(UInt8(ascii: "%"))
        for digit in [value >> 4, value & 15] { result.append(digit < 10 ? 0x30 + digit : 0x37 + digit) }
    }

    private static func withoutDots(_ path: [UInt8]) -> [UInt8]? {
        var kept: [ArraySlice<UInt8>] = []
        var endsInSlash = true
        for segment in path.split(separator: slash) {
            let name = segment.prefix { $0 != UInt8(ascii: ";") }
            if hidesDots(segment) || (isDots(name) && name.count != segment.count) { return nil }
            endsInSlash = isDots(name) || name.isEmpty
            if name.elementsEqual("..".utf8) {
                _ = kept.popLast()
            } else if !endsInSlash {
                kept.append(name)
            }
        }
        if path.last == slash { endsInSlash = true }
        guard !kept.isEmpty else { return [slash] }
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        for segment in kept {
            result.append(slash)
            result += segment
        }
        if endsInSlash { result.append(slash) }
        return result
    }

    private static func isDots(_ segment: ArraySlice<UInt8>) -> Bool {
        segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8)
    }

    /// Whether who takes `%2F` or `%5C` for a slash would find a dot segment here.
    private static func hidesDots(_ segment: ArraySlice<UInt8>) -> Bool {
        var parts: [[UInt8]] = [[]]
        var index = segment.startIndex
        while index < segment.endIndex {
            let value = segment[index] == UInt8(ascii: "%") ? escape(segment, at: index) : nil
            if value == slash || value == UInt8(ascii: "\\") {
                parts.append([])
            } else {
                parts[parts.count - 1].append(segment[index])
            }
            index += value == nil ? 1 : 3
        }
        return parts.count > 1 && parts.contains { isDots($0.prefix { $0 != UInt8(ascii: ";") }) }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || byte | 0x20 &- 0x61 < 26 || [0x2d, 0x2e, 0x5f, 0x7e].contains(byte)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte - 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }
}
