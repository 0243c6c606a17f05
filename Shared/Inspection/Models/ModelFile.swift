/// A model file's bytes, read strictly from front to back.
///
///     magic "INFMODEL" · format u32 · features u32 · name (u8 length, ASCII)
///     text model: scale f32 · bias f32 · 65,536 weights i8
///     probability of log odds: curve · weight of a probability: curve
///     examples: u8 count, each u16 length, bytes, f32 log odds
///     checksum: FNV-1a over everything before it, u64
///
/// A curve is a u8 count and its points, two f32 each. Numbers are little-endian. The checksum finds damage, not
/// forgery: whoever can write the file decides what is judged, as whoever can write the configuration does.
struct ModelFile {
    static let magic = Array("INFMODEL".utf8)
    static let format: UInt32 = 1
    static let features: UInt32 = 1
    static let maximumLength = 300 << 10
    static let maximumExamples = 32

    private let bytes: [UInt8]
    private var index = 0

    /// Checks length, magic and checksum, so that what follows reads what was written.
    init(_ bytes: [UInt8]) throws(ModelFailure) {
        guard bytes.count <= Self.maximumLength else {
            throw .tooLong(bytes: bytes.count, maximum: Self.maximumLength)
        }
        guard bytes.starts(with: Self.magic), bytes.count > Self.magic.count + 16 else { throw .notAModel }
        let end = bytes.count - 8
        let stated = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[end + $1]) << UInt64(8 * $1) }
        guard Self.checksum(bytes[..<end]) == stated else { throw .damaged }
        self.bytes = Array(bytes[..<end])
        index = Self.magic.count
    }

    /// The bytes with their last eight replaced by the checksum of those before.
    static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        let body = bytes.dropLast(8)
        let sum = checksum(body)
        return Array(body) + (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
    }

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    mutating func take(_ count: Int, of part: String) throws(ModelFailure) -> ArraySlice<UInt8> {
        guard count <= bytes.count - index else { throw .malformed(part: part) }
        defer { index += count }
        return bytes[index..<(index + count)]
    }

    mutating func byte(of part: String) throws(ModelFailure) -> Int {
        let taken = try take(1, of: part)
        return Int(taken[taken.startIndex])
    }

    mutating func word(of part: String) throws(ModelFailure) -> UInt32 {
        try take(4, of: part).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func number(of part: String) throws(ModelFailure) -> Float {
        let number = Float(bitPattern: try word(of: part))
        guard number.isFinite else { throw .malformed(part: part) }
        return number
    }

    mutating func curve(of part: String, within bounds: ClosedRange<Float>) throws(ModelFailure) -> Curve {
        var points: [Curve.Point] = []
        for _ in 0..<(try byte(of: part)) {
            points.append(Curve.Point(x: try number(of: part), y: try number(of: part)))
        }
        guard let curve = Curve(points, within: bounds) else { throw .malformed(part: part) }
        return curve
    }

    mutating func finish() throws(ModelFailure) {
        guard index == bytes.count else { throw .malformed(part: "end") }
    }
}
