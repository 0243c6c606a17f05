/// Why bytes are not a JSON document we accept. Offsets count bytes from 0.
package enum JSONFailure: Error, Sendable, Equatable {
    case tooLong(maximum: Int)
    case tooDeep(maximum: Int)
    case tooManyValues(maximum: Int)
    case unexpectedEnd
    case unexpectedByte(UInt8, offset: Int)
    case trailingBytes(offset: Int)
    case invalidNumber(offset: Int)
    /// Beyond what a double holds.
    case numberTooLarge(offset: Int)
    case invalidEscape(offset: Int)
    case invalidUTF8(offset: Int)
    case duplicateKey(offset: Int)
}

extension JSONFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong(let maximum): "the JSON document is longer than \(maximum) bytes"
        case .tooDeep(let maximum): "the JSON document is nested deeper than \(maximum) levels"
        case .tooManyValues(let maximum): "the JSON document has more than \(maximum) values"
        case .unexpectedEnd: "the JSON document ends in the middle of a value"
        case .unexpectedByte(let byte, let offset): "byte \(offset) of the JSON document is not expected there: \(byte)"
        case .trailingBytes(let offset): "something follows the JSON document at byte \(offset)"
        case .invalidNumber(let offset): "the number at byte \(offset) is not written as JSON has it"
        case .numberTooLarge(let offset): "the number at byte \(offset) is too large"
        case .invalidEscape(let offset): "the escape at byte \(offset) does not exist or is half a character"
        case .invalidUTF8(let offset): "the string at byte \(offset) is not UTF-8"
        case .duplicateKey(let offset): "the key at byte \(offset) appears twice in its object"
        }
    }
}

/// Bounds of one parsing.
package struct JSONLimits: Sendable {
    package var maximumLength: Int
    package var maximumDepth: Int
    /// Values of every kind, keys not counted: what bounds the tree's memory.
    package var maximumValues: Int

    package init(maximumLength: Int = 1 << 20, maximumDepth: Int = 64, maximumValues: Int = 100_000) {
        self.maximumLength = maximumLength
        self.maximumDepth = maximumDepth
        self.maximumValues = maximumValues
    }

    package static let standard = JSONLimits()
}
