import Contracts
import Core
import Testing

/// The contracts against an implementation that shares nothing with ours, in both directions.
@Suite struct PythonPeerTests {
    private let peer = PythonPeer()

    private func encoded<Message: WireMessage>(_: Message.Type, _ bytes: [UInt8]) -> Result<[UInt8], WireFailure> {
        do throws(WireFailure) {
            return .success(try Message(wireBytes: bytes).wireBytes())
        } catch {
            return .failure(error)
        }
    }

    private func everyMessage(times: Int) -> [any WireMessage.Type] {
        (0..<times).flatMap { _ in ContractsTests.everyMessage }
    }

    @Test func `Python reads what we write, and writes the same bytes`() throws {
        var wire = RandomWire(seed: 21)
        let samples = try everyMessage(times: 20).map { type in
            (type.schema, Hex.encode(try encoded(type, wire.bytes(of: type.descriptor)).get()))
        }
        let answers = try peer.answers(to: samples.map { "echo \($0.0) \($0.1)" })
        try #require(answers.count == samples.count)
        for ((schema, bytes), answer) in zip(samples, answers) { #expect(answer == bytes, "\(schema)") }
    }

    @Test func `we read what Python writes, and write the same bytes`() throws {
        let types = everyMessage(times: 20)
        let made = try peer.answers(to: types.enumerated().map { "make \($1.schema) \($0)" })
        try #require(made.count == types.count)
        for (type, text) in zip(types, made) {
            let bytes = try #require(Hex.decode(text))
            #expect(Hex.encode(try encoded(type, bytes).get()) == text, "\(type.schema)")
        }
    }

    @Test func `Python sees each field under its name with its value`() throws {
        let message = EveryKind(
            aDouble: 1.5, anInt64: -7, aSint32: -3, aFixed64: 9, aString: "é", someBytes: [0, 1], colour: .darkBlue,
            branch: Branch(label: "b"), timestamp: Timestamp(nanoseconds: 5), address: IPAddress(v4: 0x0102_0304),
            int32s: [1, -1], strings: ["x", ""], last: 4)
        let expected =
            "{'a_double': 1.5, 'an_int64': -7, 'a_sint32': -3, 'a_fixed64': 9, 'a_string': 'é', "
            + "'some_bytes': b'\\x00\\x01', 'colour': 2, 'branch': {'label': 'b'}, 'timestamp': 5, "
            + "'address': b'\\x01\\x02\\x03\\x04', 'int32s': [1, -1], 'strings': ['x', ''], 'last': 4}"
        let answer = try peer.answers(to: ["fields \(EveryKind.schema) \(Hex.encode(message.wireBytes()))"])
        #expect(answer == [expected])
    }

    /// Where we are stricter on purpose: lengths of identifiers and addresses, depth, number of elements.
    private let ourOwnReasons: Set<WireFailure> = [.malformedIdentifier, .malformedAddress, .tooDeep, .tooManyElements]

    @Test func `Python and we accept and refuse the same mutated bytes`() throws {
        var wire = RandomWire(seed: 22)
        var mutation = Mutation(seed: 23)
        let samples = everyMessage(times: 40).map { type in (type, mutation.of(wire.bytes(of: type.descriptor))) }
        let answers = try peer.answers(to: samples.map { "echo \($0.0.schema) \(Hex.encode($0.1))" })
        try #require(answers.count == samples.count)
        var (accepted, refused) = (0, 0)
        for ((type, bytes), answer) in zip(samples, answers) {
            let input = "\(type.schema) \(Hex.encode(bytes))"
            switch encoded(type, bytes) {
            case .success(let ours):
                accepted += 1
                #expect(answer == Hex.encode(ours), "\(input)")
            case .failure(let failure):
                refused += 1
                if !ourOwnReasons.contains(failure) { #expect(answer == "-", "\(failure): \(input)") }
            }
        }
        #expect(accepted > 500 && refused > 500)
    }
}
