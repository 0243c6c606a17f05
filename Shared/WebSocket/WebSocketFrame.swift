/// The head of a frame (RFC 6455 §5.2):
///
///     FIN RSV1-3 opcode(4) | MASK length(7) | length(16 or 64)? | masking key(32)?
struct WebSocketFrame: Equatable {
    enum Opcode: UInt8 {
        case continuation = 0x0
        case text = 0x1
        case binary = 0x2
        case close = 0x8
        case ping = 0x9
        case pong = 0xa

        var isControl: Bool { rawValue >= 0x8 }
    }

    static let maximumHeadBytes = 14
    /// §5.5
    static let maximumControlBytes = 125

    var isFinal: Bool
    /// RSV1: the message is deflated (RFC 7692 §6).
    var isCompressed: Bool
    var opcode: Opcode
    var mask: UInt32?
    var length: Int

    /// How many bytes the head has, as far as its first two bytes tell.
    static func headBytes(second: UInt8) -> Int {
        let extended =
            switch second & 0x7f {
            case 126: 2
            case 127: 8
            default: 0
            }
        return 2 + extended + (second & 0x80 != 0 ? 4 : 0)
    }

    /// - Parameter head: a whole head, `headBytes` long.
    init(head: Span<UInt8>) throws(WebSocketFailure) {
        guard head[0] & 0x30 == 0 else { throw .violation("a reserved bit is set") }
        guard let opcode = Opcode(rawValue: head[0] & 0x0f) else { throw .violation("a reserved opcode") }
        self.opcode = opcode
        isFinal = head[0] & 0x80 != 0
        isCompressed = head[0] & 0x40 != 0
        length = try Self.length(head)
        mask = head[1] & 0x80 == 0 ? nil : UInt32(Self.number(head, head.count - 4..<head.count))
        guard opcode.isControl else { return }
        guard isFinal else { throw .violation("a fragmented control frame") }
        guard length <= Self.maximumControlBytes else { throw .violation("a control frame of more than 125 bytes") }
        guard !isCompressed else { throw .violation("a compressed control frame") }
    }

    private static func length(_ head: Span<UInt8>) throws(WebSocketFailure) -> Int {
        switch head[1] & 0x7f {
        case 126:
            let length = number(head, 2..<4)
            guard length > 125 else { throw .violation("a length in more bytes than it needs") }
            return Int(length)
        case 127:
            let length = number(head, 2..<10)
            guard length > 0xffff else { throw .violation("a length in more bytes than it needs") }
            guard let length = Int(exactly: length) else { throw .violation("a length beyond 63 bits") }
            return length
        case let length:
            return Int(length)
        }
    }

    private static func number(_ head: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        range.reduce(0) { $0 << 8 | UInt64(head[$1]) }
    }

    init(_ opcode: Opcode, length: Int, isFinal: Bool = true, isCompressed: Bool = false, mask: UInt32? = nil) {
        self.opcode = opcode
        self.length = length
        self.isFinal = isFinal
        self.isCompressed = isCompressed
        self.mask = mask
    }

    func append(to output: inout [UInt8]) {
        output.append((isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode.rawValue)
        let masked: UInt8 = mask == nil ? 0 : 0x80
        switch length {
        case ...125:
            output.append(masked | UInt8(length))
        case ...0xffff:
            output.append(masked | 126)
            Self.append(UInt64(length), bytes: 2, to: &output)
        default:
            output.append(masked | 127)
            Self.append(UInt64(length), bytes: 8, to: &output)
        }
        if let mask { Self.append(UInt64(mask), bytes: 4, to: &output) }
    }

    private static func append(_ number: UInt64, bytes: Int, to output: inout [UInt8]) {
        for shift in (0..<bytes).reversed() { output.append(UInt8(truncatingIfNeeded: number >> UInt64(shift * 8))) }
    }

    /// Masks or unmasks `bytes[start...]`, which begin at `offset` of the payload (§5.3).
    static func mask(_ bytes: inout [UInt8], from start: Int = 0, with mask: UInt32, offset: Int = 0) {
        // The key as it lies over four payload bytes beginning at `offset`.
        let turn = UInt32(offset & 3) * 8
        let turned = mask << turn | mask >> (32 - turn)
        let word = UInt64(turned) << 32 | UInt64(turned)
        var span = bytes.mutableSpan
        var index = start
        unsafe span.withUnsafeMutableBytes { buffer in
            while index + 8 <= buffer.count {
                let value = unsafe buffer.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                unsafe buffer.storeBytes(of: value ^ word.bigEndian, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            var shift: UInt64 = 56
            while index < buffer.count {
                unsafe buffer[index] ^= UInt8(truncatingIfNeeded: word >> shift)
                index += 1
                shift -= 8
            }
        }
    }
}
