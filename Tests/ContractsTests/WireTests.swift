import Contracts
import Core
import Testing

/// Every message there is, the tests' own among them.
let everyMessage: [any WireMessage.Type] = ContractRegistry.messages + [EveryKind.self, Branch.self, Bounded.self]

@Suite struct WireTests {
    @Test func `every kind of field keeps its value at its limits`() throws {
        let message = EveryKind(
            aDouble: -0.0, aFloat: .greatestFiniteMagnitude, anInt32: .min, anInt64: .min, aUint32: .max, aUint64: .max,
            aSint32: .min, aSint64: .min, aFixed32: .max, aFixed64: .max, aSfixed32: .min, aSfixed64: .max, aBool: true,
            aString: "a\0é😀", someBytes: [0, 0xff], colour: .negative,
            branch: Branch(label: "x", branches: [Branch(), Branch(label: "y")]), uuid: UUIDv7(),
            timestamp: Timestamp(nanoseconds: -1), address: IPAddress(v4: 0x7f00_0001), text: [0xc3], hex: [1],
            doubles: [0, .infinity, -1.5], floats: [0, 1], int32s: [0, -1, .max], int64s: [0, .min],
            uint32s: [0, .max], uint64s: [.max, 0], sint32s: [0, -1, .min, .max], sint64s: [0, -1, .min, .max],
            fixed32s: [0, .max], fixed64s: [0, .max], sfixed32s: [0, .min], sfixed64s: [0, .min], bools: [false, true],
            strings: ["", "a"], byteStrings: [[], [1]], colours: [.unspecified, .negative, .unrecognized(77)],
            branches: [Branch(), Branch(label: "z")], uuids: [.unset, UUIDv7()], last: 1)
        #expect(try EveryKind(wireBytes: message.wireBytes()) == message)
        #expect(EveryKind().wireBytes().isEmpty)
        #expect(try EveryKind(wireBytes: []) == EveryKind())
    }

    @Test func `known bytes are written and read`() throws {
        let message = EveryKind(
            anInt32: -2, aSint32: -2, aString: "hi", branch: Branch(label: "b"), bools: [true, false])
        let bytes: [UInt8] =
            [0x18] + [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01] + [0x38, 0x03]
            + [0x72, 2, 0x68, 0x69] + [0x8a, 1, 3, 0x0a, 1, 0x62] + [0xda, 2, 2, 1, 0]
        #expect(message.wireBytes() == bytes)
        #expect(try EveryKind(wireBytes: bytes) == message)
    }

    @Test(arguments: [0, 1, 126, 127, 128, 16_383, 16_384, 100_000])
    func `nested messages have the length their content needs`(size: Int) throws {
        let message = EveryKind(branch: Branch(label: String(repeating: "x", count: size)))
        #expect(try EveryKind(wireBytes: message.wireBytes()) == message)
    }

    @Test func `fields nobody knows are skipped, whatever their kind`() throws {
        let known = Branch(label: "known").wireBytes()
        let unknown: [[UInt8]] = [
            [0x50, 0xff, 0x01], [0x51, 1, 2, 3, 4, 5, 6, 7, 8], [0x52, 3, 1, 2, 3], [0x55, 1, 2, 3, 4],
            // A group with a group in it.
            [0x53, 0x08, 1, 0x5b, 0x5c, 0x54],
            // A known number with another wire type.
            [0x08, 5], [0x0d, 1, 2, 3, 4],
        ]
        for field in unknown {
            #expect(try Branch(wireBytes: field + known + field) == Branch(label: "known"))
        }
    }

    @Test func `a repeated number may come packed or one by one`() throws {
        let packed: [UInt8] = [0x8a, 2, 2, 1, 2]
        let single: [UInt8] = [0x88, 2, 3, 0x88, 2, 4]
        #expect(try EveryKind(wireBytes: packed + single).int32s == [1, 2, 3, 4])
    }

    @Test func `a field that comes twice is replaced, a message merged`() throws {
        let first = EveryKind(aString: "a", branch: Branch(label: "l", branches: [Branch(label: "1")])).wireBytes()
        let second = EveryKind(aString: "b", branch: Branch(branches: [Branch(label: "2")])).wireBytes()
        let merged = try EveryKind(wireBytes: first + second)
        #expect(merged.aString == "b")
        #expect(merged.branch == Branch(label: "l", branches: [Branch(label: "1"), Branch(label: "2")]))
    }

    @Test(
        arguments: [
            ([0x0a], WireFailure.truncated), ([0x0a, 5, 1], .truncated),
            ([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], .truncated),
            ([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .truncated), ([0x80], .truncated),
            ([0x00], .malformedTag), ([0x02, 0], .malformedTag), ([0x0e], .malformedTag), ([0x0c], .malformedTag),
            ([UInt8](repeating: 0x80, count: 11), .malformedVarint), ([0x0a, 1, 0xff], .invalidUTF8),
            ([0x0a, 3, 0xed, 0xa0, 0x80], .invalidUTF8), ([0x53, 0x54 + 8], .malformedTag), ([0x53], .truncated),
            ([0x12, 2, 0x0a, 1], .truncated),
        ] as [([UInt8], WireFailure)])
    func `malformed bytes are refused`(bytes: [UInt8], failure: WireFailure) {
        #expect(throws: failure) { try Branch(wireBytes: bytes) }
    }

    @Test func `identifiers and addresses have their lengths or none`() throws {
        #expect(throws: WireFailure.malformedIdentifier) { try EveryKind(wireBytes: [0x92, 1, 2, 1, 2]) }
        #expect(throws: WireFailure.malformedAddress) { try EveryKind(wireBytes: [0xa2, 1, 3, 1, 2, 3]) }
        #expect(try EveryKind(wireBytes: [0x92, 1, 0, 0xa2, 1, 0]) == EveryKind())
        #expect(try EveryKind(wireBytes: [0xa2, 1, 4, 1, 2, 3, 4]).address.description == "1.2.3.4")
    }

    @Test func `nesting is bounded, also in fields nobody knows`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            (0..<depth).reduce([UInt8]()) { inner, _ in [0x12] + RandomWire.prefixed(inner) }
        }
        #expect(throws: Never.self) { try Branch(wireBytes: nested(WireLimits.maximumDepth)) }
        #expect(throws: WireFailure.tooDeep) { try Branch(wireBytes: nested(WireLimits.maximumDepth + 1)) }
        #expect(throws: WireFailure.tooDeep) { try Branch(wireBytes: nested(20_000)) }
        #expect(throws: WireFailure.tooDeep) { try Branch(wireBytes: [UInt8](repeating: 0x53, count: 1_000_000)) }
    }

    @Test func `few bytes cannot become many elements`() {
        let empty: [UInt8] = [0x12, 0]
        let bytes = [[UInt8]](repeating: empty, count: WireLimits.maximumElements + 1).flatMap(\.self)
        #expect(throws: WireFailure.tooManyElements) { try Branch(wireBytes: bytes) }
        #expect(throws: Never.self) { try Branch(wireBytes: bytes.dropLast(2)) }
    }

    @Test func `a slice is read where it lies`() throws {
        let bytes: [UInt8] = [0xff, 0xff] + Branch(label: "here").wireBytes() + [0xff]
        #expect(try Branch(wireBytes: bytes[2..<(bytes.count - 1)]) == Branch(label: "here"))
    }

    @Test(arguments: everyMessage.map { $0.schema })
    func `random values of every message survive the way there and back`(schema: String) throws {
        let type = try #require(everyMessage.first { $0.schema == schema })
        var wire = RandomWire(seed: 1)
        for _ in 0..<100 { try expectStable(type, wire.bytes(of: type.descriptor)) }
    }

    private func expectStable<Message: WireMessage>(_: Message.Type, _ bytes: [UInt8]) throws {
        let message = try Message(wireBytes: bytes)
        let encoded = message.wireBytes()
        #expect(try Message(wireBytes: encoded) == message)
        #expect(try Message(wireBytes: encoded).wireBytes() == encoded)
    }

    @Test(arguments: everyMessage.map { $0.schema })
    func `mutated bytes never crash, and what is accepted is stable`(schema: String) throws {
        let type = try #require(everyMessage.first { $0.schema == schema })
        var wire = RandomWire(seed: 2)
        var mutation = Mutation(seed: 3)
        for _ in 0..<300 { decode(type, mutation.of(wire.bytes(of: type.descriptor))) }
    }

    private func decode<Message: WireMessage>(_: Message.Type, _ bytes: [UInt8]) {
        guard let message = try? Message(wireBytes: bytes) else { return }
        let encoded = message.wireBytes()
        // Compared as bytes: a NaN is not equal to itself.
        #expect((try? Message(wireBytes: encoded))?.wireBytes() == encoded)
        _ = try? message.json()
    }
}
