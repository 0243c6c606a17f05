import Contracts
import Core
import Foundation
import TestSupport
import Testing

/// Tests/Golden/contracts.txt holds one line per message: its name and the bytes of one value of it. A line may be added;
/// a changed or removed line means that services of two versions misunderstand each other.
@Suite struct GoldenBytesTests {
    private let file = URL(fileURLWithPath: Repository.root).appendingPathComponent("Tests/Golden/contracts.txt")

    private func recorded() throws -> [(schema: String, bytes: [UInt8])] {
        let text = try String(contentsOf: file, encoding: .utf8)
        return try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: " ")
            return (String(parts[0]), try #require(Hex.decode(String(parts.count > 1 ? parts[1] : ""))))
        }
    }

    @Test func `bytes written by earlier versions are read and written the same`() throws {
        let lines = try recorded()
        #expect(lines.count >= 80)
        for (schema, bytes) in lines {
            let type = try #require(
                ContractRegistry.message(named: schema), "\(schema) is gone: older services still send it")
            try expectUnchanged(type, bytes)
        }
    }

    private func expectUnchanged<Message: WireMessage>(_: Message.Type, _ bytes: [UInt8]) throws {
        let message = try Message(wireBytes: bytes)
        #expect(message != Message() || bytes.isEmpty)
        #expect(Hex.encode(message.wireBytes()) == Hex.encode(bytes), "\(Message.schema) changed on the wire")
    }

    /// `RECORD=1` adds what is new; it never changes what is there.
    @Test func `every message has its golden bytes`() throws {
        let lines = try recorded()
        let known = Set(lines.map(\.schema))
        let new = ContractRegistry.messages.filter { !known.contains($0.schema) }
        guard ProcessInfo.processInfo.environment["RECORD"] == "1" else {
            #expect(new.map { $0.schema } == [], "run this test with RECORD=1 and commit Tests/Golden/contracts.txt")
            return
        }
        let added = new.map { ($0.schema, Self.sample($0)) }
        let text = (lines + added).sorted { $0.0 < $1.0 }.map { "\($0.0) \(Hex.encode($0.1))\n" }.joined()
        let header =
            "# A message and the bytes of one value of it; see GoldenBytesTests.swift. Lines are added, never changed.\n"
        try (header + text).write(to: file, atomically: true, encoding: .utf8)
    }

    /// A value with every field set, the same on every run.
    private static func sample(_ type: any WireMessage.Type) -> [UInt8] {
        var wire = RandomWire(seed: 42)
        wire.density = 100
        wire.mostElements = 1
        return canonical(type, wire.bytes(of: type.descriptor, depth: 2))
    }

    private static func canonical<Message: WireMessage>(_: Message.Type, _ bytes: [UInt8]) -> [UInt8] {
        (try? Message(wireBytes: bytes))?.wireBytes() ?? []
    }
}
