/// Why bytes are not a message.
package enum WireFailure: Error, Sendable, Hashable {
    /// A value runs past the end of its message.
    case truncated
    /// A varint of more than ten bytes.
    case malformedVarint
    /// A field number of zero, a wire type that does not exist, a group without its end.
    case malformedTag
    case invalidUTF8
    /// An identifier that has neither 16 bytes nor none.
    case malformedIdentifier
    /// An address that has neither 4 nor 16 bytes nor none.
    case malformedAddress
    case tooDeep
    case tooManyElements
}

extension WireFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "a value runs past the end of its message"
        case .malformedVarint: "a number is longer than ten bytes"
        case .malformedTag: "a field's tag is malformed"
        case .invalidUTF8: "a string is not UTF-8"
        case .malformedIdentifier: "an identifier does not have 16 bytes"
        case .malformedAddress: "an address has neither 4 nor 16 bytes"
        case .tooDeep: "messages are nested deeper than \(WireLimits.maximumDepth) levels"
        case .tooManyElements: "it has more than \(WireLimits.maximumElements) repeated elements"
        }
    }
}

/// Bounds of one decoding, whatever the bytes say. Size is the caller's to bound: nothing decoded holds more memory
/// than a constant factor of the bytes it came from, once the number of elements is bounded.
package enum WireLimits {
    package static let maximumDepth = 32
    /// Repeated elements of one decoding, in all its messages together.
    package static let maximumElements = 131_072
}
