import Contracts
import Core
import TestSupport

/// A second, deliberately naive encoder: valid bytes of any message, made from its descriptor alone.
struct RandomWire {
    var random: SeededGenerator
    /// Fields present and elements of repeated fields, in percent and at most.
    var density = 70
    var mostElements = 4

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func bytes(of descriptor: MessageDescriptor, depth: Int = 3) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in descriptor.fields where random.below(100) < density {
            for _ in 0..<(field.isRepeated ? random.below(mostElements + 1) : 1) {
                if case .message = field.kind, depth == 0 { continue }
                let (wireType, value) = value(of: field, depth: depth)
                bytes += Self.varint(UInt64(field.number) << 3 | wireType) + value
            }
        }
        return bytes
    }

    private mutating func value(of field: FieldDescriptor, depth: Int) -> (wireType: UInt64, bytes: [UInt8]) {
        switch field.kind {
        case .bool: (0, [UInt8(random.below(2))])
        case .int32, .sint32:
            (0, Self.varint(UInt64(bitPattern: Int64(Int32.random(in: .min ... .max, using: &random)))))
        case .uint32: (0, Self.varint(UInt64(UInt32.random(in: .min ... .max, using: &random))))
        case .int64, .uint64, .sint64: (0, Self.varint(random.next() >> UInt64(random.below(64))))
        case .enumeration(let enumeration): (0, Self.varint(UInt64(bitPattern: Int64(number(of: enumeration)))))
        case .fixed64, .sfixed64: (1, random.bytes(8))
        case .double: (1, Self.littleEndian(Double(random.below(2_000_000) - 1_000_000) / 64))
        case .fixed32, .sfixed32: (5, random.bytes(4))
        case .float: (5, Self.littleEndian(Float(random.below(2_000) - 1_000) / 8))
        case .string: (2, Self.prefixed(text()))
        case .bytes: (2, Self.prefixed(content(of: field)))
        case .message(let type): (2, Self.prefixed(bytes(of: type.descriptor, depth: depth - 1)))
        }
    }

    private mutating func number(of enumeration: EnumerationDescriptor) -> Int32 {
        random.below(10) == 0
            ? Int32.random(in: .min ... .max, using: &random)
            : enumeration.values[random.below(enumeration.values.count)].number
    }

    private mutating func text() -> [UInt8] {
        let characters: [Character] = ["a", "é", "😀", "\0", "\n", "\"", "/", "<"]
        return Array(String((0..<random.below(20)).map { _ in characters[random.below(characters.count)] }).utf8)
    }

    private mutating func content(of field: FieldDescriptor) -> [UInt8] {
        switch field.format {
        case .uuid: random.bytes(16)
        case .address: random.bytes(random.below(2) == 0 ? 4 : 16)
        default: random.bytes(random.below(10) == 0 ? 300 : random.below(40))
        }
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
    }

    static func prefixed(_ bytes: [UInt8]) -> [UInt8] { varint(UInt64(bytes.count)) + bytes }

    private static func littleEndian(_ value: Double) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    private static func littleEndian(_ value: Float) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
}

/// What is done to valid bytes to make hostile ones.
struct Mutation {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func of(_ bytes: [UInt8]) -> [UInt8] {
        var mutated = bytes
        for _ in 0...random.below(3) where !mutated.isEmpty {
            let position = random.below(mutated.count)
            switch random.below(6) {
            case 0: mutated[position] ^= 1 << UInt8(random.below(8))
            case 1: mutated[position] = [0x00, 0x7f, 0x80, 0xff, 0x0b, 0x0c][random.below(6)]
            case 2: mutated.remove(at: position)
            case 3: mutated.removeSubrange(position...)
            case 4: mutated.insert(contentsOf: random.bytes(1 + random.below(4)), at: position)
            default: mutated.insert(contentsOf: mutated[position...].prefix(random.below(20)), at: position)
            }
        }
        return mutated
    }
}
