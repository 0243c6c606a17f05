import Core
import TestSupport
import Testing

@testable import Messaging

@Suite("Frames, from anybody")
struct FrameTests {
    private final class Recorder: FrameSink {
        var frameLimits = FrameLimits(frameMaximum: 4_096, channelMaximum: 10)
        var events: [String] = []
        var body: [UInt8] = []
        let decoder = AMQPDecoder()

        func method(channel: UInt16, _ payload: borrowing Span<UInt8>) throws(AMQPFailure) {
            events.append("\(channel) \(try decoder.method(payload))")
        }
        func contentHeader(channel: UInt16, _ payload: borrowing Span<UInt8>) throws(AMQPFailure) {
            let (size, properties) = try decoder.contentHeader(payload)
            events.append("\(channel) header \(size) \(properties.messageID) \(properties.headers.map(\.value))")
        }
        func contentBody(channel: UInt16, _ piece: borrowing Span<UInt8>) throws(AMQPFailure) {
            for index in 0..<piece.count { body.append(piece[index]) }
        }
        func heartbeat() { events.append("heartbeat") }
    }

    private func feed(_ bytes: [UInt8], inPiecesOf size: Int = .max) -> (recorder: Recorder, failure: AMQPFailure?) {
        let recorder = Recorder()
        var scanner = FrameScanner()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            do { try scanner.feed(piece.span, to: recorder) } catch { return (recorder, error) }
        }
        return (recorder, nil)
    }

    private var message: [UInt8] {
        let encoder = AMQPEncoder()
        encoder.frameMaximum = 4_096
        var properties = MessageProperties()
        properties.messageID = "seven"
        properties.headers = [("infinite-reason", "because")]
        encoder.heartbeat()
        encoder.ack(3, tag: 9, multiple: true)
        encoder.publish(
            3, exchange: "e", routingKey: "k", isMandatory: true, properties: properties,
            head: (0..<3_000).map { UInt8(truncatingIfNeeded: $0) },
            tail: (3_000..<9_999).map { UInt8(truncatingIfNeeded: $0) })
        return encoder.bytes
    }

    @Test(
        "what was encoded is read again, wherever the stream is cut", arguments: [1, 2, 3, 7, 8, 100, 4_095, 100_000])
    func roundTrip(size: Int) {
        let (recorder, failure) = feed(message, inPiecesOf: size)
        #expect(failure == nil)
        #expect(recorder.events.prefix(2) == ["heartbeat", "3 \(AMQPMethod.ack(tag: 9, multiple: true))"])
        #expect(recorder.events.last == #"3 header 9999 seven ["because"]"#)
        #expect(recorder.body == (0..<9_999).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test(
        "hostile frames are refused",
        arguments: [
            ("an HTTP answer", Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)),
            ("an unknown type", [9, 0, 0, 0, 0, 0, 0, 0xce]),
            ("a frame of four gigabytes", [1, 0, 0, 0xff, 0xff, 0xff, 0xff]),
            ("a channel never opened", [1, 0, 11, 0, 0, 0, 4, 0, 10, 0, 10, 0xce]),
            ("no end mark", [8, 0, 0, 0, 0, 0, 0, 0]),
            ("a heartbeat with a payload", [8, 0, 0, 0, 0, 0, 1, 0, 0xce]),
            ("a method without its number", [1, 0, 0, 0, 0, 0, 1, 0, 0xce]),
            ("a method that ends too early", [1, 0, 1, 0, 0, 0, 5, 0, 60, 0, 60, 200, 0xce]),
            ("a content header that ends too early", [2, 0, 1, 0, 0, 0, 2, 0, 60, 0xce]),
        ] as [(String, [UInt8])])
    func hostile(name: String, bytes: [UInt8]) {
        #expect(feed(bytes).failure != nil, "\(name)")
        #expect(feed(bytes, inPiecesOf: 1).failure != nil, "\(name), byte by byte")
    }

    @Test("tables nested without an end do not reach the recursive reader")
    func deepTables() {
        func table(depth: Int) -> [UInt8] {
            var bytes: [UInt8] = [0, 0, 0, 0]
            for _ in 0..<depth {
                let inner: [UInt8] = [1, UInt8(ascii: "k"), UInt8(ascii: "F")] + bytes
                bytes = (0..<4).map { UInt8(truncatingIfNeeded: inner.count >> (24 - 8 * $0)) } + inner
            }
            return bytes
        }
        #expect(throws: Never.self) { try FieldTable.check(table(depth: 7).span, from: 0) }
        #expect(throws: AMQPFailure.self) { try FieldTable.check(table(depth: 500).span, from: 0) }
        // As the headers of a message: class, weight, body size, the flag, the table.
        let header: [UInt8] = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0] + table(depth: 500)
        #expect(throws: AMQPFailure.self) { try AMQPDecoder().contentHeader(header.span) }
    }

    @Test("a valid stream with bytes changed at random is read or refused, never more")
    func mutations() {
        var generator = SeededGenerator(seed: 11)
        let original = message
        for _ in 0..<3_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<min(400, bytes.count), using: &generator)] = .random(
                    in: 0...255, using: &generator)
            }
            let recorder = feed(bytes).recorder
            #expect(recorder.body.count <= original.count)
        }
    }

    @Test("an assembler puts a message together and does not keep one that is too large")
    func assembler() throws {
        var assembler = ContentAssembler(maximum: 4)
        #expect(throws: AMQPFailure.self) { _ = try assembler.begin(size: 1, MessageProperties()) }
        try assembler.announce(.delivery(DeliveryHead(tag: 1)))
        #expect(throws: AMQPFailure.self) { try assembler.announce(.delivery(DeliveryHead(tag: 2))) }
        #expect(try assembler.begin(size: 4, MessageProperties()) == nil)
        let (two, more): ([UInt8], [UInt8]) = ([1, 2], [3, 4])
        #expect(try assembler.append(two.span) == nil)
        #expect(try assembler.append(more.span)?.body == [1, 2, 3, 4])
        try assembler.announce(.delivery(DeliveryHead(tag: 2)))
        _ = try assembler.begin(size: 5, MessageProperties())
        _ = try assembler.append(two.span)
        #expect(throws: AMQPFailure.self) { _ = try assembler.append(([1, 2, 3, 4] as [UInt8]).span) }
        #expect(try assembler.append(([1, 2, 3] as [UInt8]).span)?.body == .none)
    }
}
