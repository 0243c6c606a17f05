/// Takes the framing off a body (RFC 9112 §6 and §7.1), whatever pieces it arrives in.
///
/// Chunk extensions and trailers are checked, counted against their limits, and dropped.
package struct HTTPBodyDecoder: Sendable {
    /// What one call found: `consumed` bytes are done with, `content` of them (positions in the input) are body.
    package struct Step {
        package var consumed: Int
        package var content: Range<Int>
    }

    private enum State {
        case complete
        case content(left: Int)
        case untilClose
        case chunkSize(value: Int, digits: Int)
        case blankAfterSize
        case chunkExtension
        case sizeLineFeed(size: Int)
        case chunk(left: Int)
        case chunkReturn
        case chunkLineFeed
        case trailerStart
        case trailerName
        case trailerValue
        case trailerLineFeed
        case finalLineFeed
    }

    private let limits: HTTPLimits
    private var state: State
    private var pendingSize = 0
    private var contentBytes = 0
    private var extensionBytes = 0
    private var trailerBytes = 0

    package init(_ framing: HTTPBodyFraming, limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        switch framing {
        case .none: state = .complete
        case .length(let length): state = length == 0 ? .complete : .content(left: length)
        case .chunked: state = .chunkSize(value: 0, digits: 0)
        case .untilClose: state = .untilClose
        }
    }

    package var isComplete: Bool {
        if case .complete = state { true } else { false }
    }

    /// Whether the body may end because the connection does.
    package var endsWithConnection: Bool {
        if case .untilClose = state { true } else { false }
    }

    /// The bytes still to come where that is known: nil in chunked bodies and those that end with the connection.
    package var remaining: Int? {
        switch state {
        case .complete: 0
        case .content(let left): left
        default: nil
        }
    }

    /// Takes so many bytes at once if all of them are content: their owner may then hand them on as they are.
    mutating func takeContent(_ count: Int) throws(HTTPRefusal) -> Bool {
        guard case .content(let left) = state, count <= left else { return false }
        state = count == left ? .complete : .content(left: left - count)
        _ = try take(count, at: 0)
        return true
    }

    /// Works through `input` until it found content, the body's end, or nothing more to look at.
    package mutating func decode(_ input: Span<UInt8>) throws(HTTPRefusal) -> Step {
        var position = 0
        while position < input.count {
            switch state {
            case .complete:
                return Step(consumed: position, content: position..<position)
            case .untilClose:
                return try take(input.count - position, at: position)
            case .content(let left):
                let count = min(left, input.count - position)
                state = count == left ? .complete : .content(left: left - count)
                return try take(count, at: position)
            case .chunk(let left):
                let count = min(left, input.count - position)
                state = count == left ? .chunkReturn : .chunk(left: left - count)
                return try take(count, at: position)
            default:
                try advance(input[position])
                position += 1
            }
        }
        return Step(consumed: position, content: position..<position)
    }

    private mutating func take(_ count: Int, at position: Int) throws(HTTPRefusal) -> Step {
        contentBytes += count
        guard contentBytes <= limits.maximumBodyBytes else { throw .bodyTooLarge }
        return Step(consumed: position + count, content: position..<position + count)
    }

    // MARK: Around chunks, byte by byte

    private mutating func advance(_ byte: UInt8) throws(HTTPRefusal) {
        switch state {
        case .chunkSize(let value, let digits): try readSize(byte, value, digits)
        case .blankAfterSize, .chunkExtension: try readExtension(byte)
        case .sizeLineFeed(let size):
            guard byte == HTTPSyntax.lineFeed else { throw .malformedChunkSize }
            state = size == 0 ? .trailerStart : .chunk(left: size)
        case .chunkReturn:
            guard byte == HTTPSyntax.carriageReturn else { throw .malformedChunk }
            state = .chunkLineFeed
        case .chunkLineFeed:
            guard byte == HTTPSyntax.lineFeed else { throw .malformedChunk }
            state = .chunkSize(value: 0, digits: 0)
        default: try readTrailer(byte)
        }
    }

    private mutating func readSize(_ byte: UInt8, _ value: Int, _ digits: Int) throws(HTTPRefusal) {
        if let digit = Self.hexadecimal(byte) {
            guard digits < 15 else { throw .chunkTooLarge }
            state = .chunkSize(value: value << 4 | digit, digits: digits + 1)
            return
        }
        guard digits > 0 else { throw .malformedChunkSize }
        guard value <= limits.maximumBodyBytes - contentBytes else { throw .bodyTooLarge }
        pendingSize = value
        switch byte {
        case HTTPSyntax.carriageReturn: state = .sizeLineFeed(size: value)
        case UInt8(ascii: ";"): state = .chunkExtension
        case HTTPSyntax.space, HTTPSyntax.tab: state = .blankAfterSize
        default: throw .malformedChunkSize
        }
    }

    /// RFC 9112 §7.1.1. Blanks may stand before the semicolon, but not instead of one.
    private mutating func readExtension(_ byte: UInt8) throws(HTTPRefusal) {
        extensionBytes += 1
        guard extensionBytes <= limits.maximumChunkExtensionBytes else { throw .chunkExtensionsTooLong }
        if case .blankAfterSize = state {
            if byte == UInt8(ascii: ";") { state = .chunkExtension }
            guard byte == UInt8(ascii: ";") || HTTPSyntax.isBlank(byte) else { throw .malformedChunkSize }
        } else if byte == HTTPSyntax.carriageReturn {
            state = .sizeLineFeed(size: pendingSize)
        } else if !HTTPSyntax.isFieldContent(byte) {
            throw .malformedChunkSize
        }
    }

    private mutating func readTrailer(_ byte: UInt8) throws(HTTPRefusal) {
        trailerBytes += 1
        guard trailerBytes <= limits.maximumTrailerBytes else { throw .trailersTooLong }
        switch state {
        case .trailerStart where byte == HTTPSyntax.carriageReturn: state = .finalLineFeed
        case .trailerStart where HTTPSyntax.isToken(byte): state = .trailerName
        case .trailerName where byte == HTTPSyntax.colon: state = .trailerValue
        case .trailerName where HTTPSyntax.isToken(byte): break
        case .trailerValue where byte == HTTPSyntax.carriageReturn: state = .trailerLineFeed
        case .trailerValue where HTTPSyntax.isFieldContent(byte): break
        case .trailerLineFeed where byte == HTTPSyntax.lineFeed: state = .trailerStart
        case .finalLineFeed where byte == HTTPSyntax.lineFeed: state = .complete
        default: throw .malformedTrailer
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }
}
