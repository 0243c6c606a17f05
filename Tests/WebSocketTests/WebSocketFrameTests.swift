import Core
import TestSupport
import Testing

@testable import WebSocket

/// One side's bytes, written as a person reads them: hexadecimal, with `mask(…)` for what a client masks.
private func received(
    _ bytes: [UInt8], as role: WebSocketRole = .client, limits: WebSocketLimits = WebSocketLimits(),
    compression: Bool = false, pieces: Int = .max
) throws(WebSocketFailure) -> [WebSocketEvent] {
    var receiver = WebSocketReceiver(role, limits: limits, allowsCompression: compression)
    var events: [WebSocketEvent] = []
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, pieces == .max ? bytes.count : start + pieces)
        try receiver.receive(Array(bytes[start..<end]).span, now: .now, into: &events)
        start = end
    }
    return events
}

private func frame(
    _ opcode: WebSocketFrame.Opcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false,
    mask: UInt32? = nil
) -> [UInt8] {
    var output: [UInt8] = []
    WebSocketFrame(opcode, length: payload.count, isFinal: isFinal, isCompressed: isCompressed, mask: mask)
        .append(to: &output)
    let start = output.count
    output += payload
    if let mask { WebSocketFrame.mask(&output, from: start, with: mask) }
    return output
}

private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct WebSocketFrameTests {
    @Test func `RFC 6455 §5.7: the standard's own examples`() throws {
        let hello = WebSocketEvent.data(.text, bytes: text("Hello"), isStart: true, isEnd: true)
        #expect(try received([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]) == [hello])
        #expect(
            try received([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58], as: .server) == [hello])
        #expect(
            try received([0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f]) == [
                .data(.text, bytes: text("Hel"), isStart: true, isEnd: false),
                .data(.text, bytes: text("lo"), isStart: false, isEnd: true),
            ])
        #expect(try received([0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]) == [.ping(text("Hello"))])
        let long = [UInt8](repeating: 7, count: 65_536)
        #expect(
            try received([0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0] + long) == [
                .data(.binary, bytes: long, isStart: true, isEnd: true)
            ])
    }

    static let forbidden: [(String, [UInt8])] = [
        ("§5.1: a server that masks", frame(.text, text("x"), mask: 1)),
        ("§5.2: RSV2", [0xa1, 0x00]), ("§5.2: RSV3", [0x91, 0x00]),
        ("§5.2: RSV1 without an extension", [0xc1, 0x00]),
        ("§5.2: opcode 3", [0x83, 0x00]), ("§5.2: opcode 7", [0x87, 0x00]), ("§5.2: opcode 11", [0x8b, 0x00]),
        ("§5.2: a length of 125 in two bytes", [0x82, 0x7e, 0x00, 0x7d]),
        ("§5.2: a length of 65,535 in eight bytes", [0x82, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
        ("§5.2: a length beyond 63 bits", [0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("§5.4: a continuation of nothing", frame(.continuation, text("x"))),
        ("§5.4: a message inside a message", frame(.text, text("a"), isFinal: false) + frame(.text, text("b"))),
        ("§5.5: a fragmented ping", frame(.ping, [], isFinal: false)),
        ("§5.5: a ping of 126 bytes", frame(.ping, [UInt8](repeating: 0, count: 126))),
        ("§5.5.1: a close with half a code", frame(.close, [3])),
    ]

    @Test("What the protocol forbids ends the connection with 1002", arguments: forbidden)
    func violations(name: String, bytes: [UInt8]) {
        let failure = #expect(throws: WebSocketFailure.self, "\(name)") { try received(bytes) }
        #expect(failure?.closeCode == .protocolError, "\(name)")
    }

    @Test func `§5.1: a client that does not mask`() {
        #expect(throws: WebSocketFailure.violation("a client has to mask its frames")) {
            try received(frame(.text, text("x")), as: .server)
        }
    }

    @Test(
        "§7.4: which codes a close frame may carry",
        arguments: [
            (999, false), (1000, true), (1003, true), (1004, false), (1005, false), (1006, false), (1007, true),
            (1015, false),
            (2999, false), (3000, true), (4999, true), (5000, false),
        ])
    func closeCodes(code: Int, mayTravel: Bool) throws {
        let bytes = frame(.close, [UInt8(code >> 8), UInt8(code & 0xff)] + text("bye"))
        if mayTravel {
            #expect(try received(bytes) == [.close(WebSocketCloseCode(rawValue: UInt16(code)), reason: text("bye"))])
        } else {
            #expect(throws: WebSocketFailure.self) { try received(bytes) }
        }
    }

    @Test func `§5.5: control frames may stand between a message's pieces, and nothing counts after a close`() throws {
        let bytes =
            frame(.text, text("a"), isFinal: false) + frame(.ping, text("p")) + frame(.continuation, text("b"))
            + frame(.close, []) + [0xff, 0xff]
        #expect(
            try received(bytes) == [
                .data(.text, bytes: text("a"), isStart: true, isEnd: false), .ping(text("p")),
                .data(.text, bytes: text("b"), isStart: false, isEnd: true), .close(nil, reason: []),
            ])
    }

    @Test(
        "§8.1: texts are UTF-8, as a whole",
        arguments: [
            ([0xc3, 0xa4], true), ([0xc3], false), ([0xc0, 0xaf], false), ([0xed, 0xa0, 0x80], false), ([0xff], false),
            ([0xf4, 0x90, 0x80, 0x80], false), ([0xf0, 0x9f, 0xa6, 0x84], true), ([0xe0, 0x80, 0xaf], false),
        ] as [([UInt8], Bool)])
    func utf8(bytes: [UInt8], isValid: Bool) throws {
        for split in 0...bytes.count {
            let pieces =
                frame(.text, Array(bytes[..<split]), isFinal: false) + frame(.continuation, Array(bytes[split...]))
            if isValid {
                #expect(throws: Never.self) { try received(pieces) }
            } else {
                #expect(throws: WebSocketFailure.notUTF8) { try received(pieces) }
            }
        }
        #expect(throws: Never.self) { try received(frame(.binary, bytes)) }
    }

    @Test func `the UTF-8 check agrees with the standard library on whatever bytes in whatever pieces`() {
        var generator = SeededGenerator(seed: 8)
        let alphabet: [UInt8] = [
            0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf3, 0xf4, 0xf5,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<generator.below(7)).map { _ in alphabet[generator.below(alphabet.count)] }
            let cut = generator.below(bytes.count + 1)
            var check = UTF8Check()
            let isValid =
                check.accept(Array(bytes[..<cut]).span) && check.accept(Array(bytes[cut...]).span)
                && check.isAtBoundary
            #expect(isValid == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
        }
    }

    @Test func `§5.3: masking twice gives the bytes back, wherever a piece begins`() {
        var generator = SeededGenerator(seed: 53)
        for _ in 0..<500 {
            let original = generator.bytes(generator.below(40))
            let mask = UInt32.random(in: .min ... .max, using: &generator)
            var whole = original
            WebSocketFrame.mask(&whole, with: mask)
            let key = (0..<4).map { UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * $0)) }
            #expect(whole == original.enumerated().map { $1 ^ key[$0 % 4] })
            let cut = generator.below(original.count + 1)
            var rest = Array(whole[cut...])
            WebSocketFrame.mask(&rest, with: mask, offset: cut)
            #expect(rest == Array(original[cut...]))
        }
    }

    @Test func `pieces of any size give the same messages`() throws {
        let bytes =
            frame(.text, text("grüße"), isFinal: false, mask: 0x0102_0304) + frame(.ping, text("?"), mask: 9)
            + frame(.continuation, text(" und mehr"), mask: 0xffff_0000)
            + frame(.binary, [UInt8](repeating: 3, count: 300), mask: 77)
        for size in 1...40 {
            var message: [UInt8] = []
            var others = 0
            for event in try received(bytes, as: .server, pieces: size) {
                if case .data(_, let piece, _, _) = event { message += piece } else { others += 1 }
            }
            #expect(message == text("grüße und mehr") + [UInt8](repeating: 3, count: 300))
            #expect(others == 1)
        }
    }

    @Test func `whatever arrives, the receiver ends it or goes on, and never holds more than it may`() {
        var generator = SeededGenerator(seed: 2_024)
        var limits = WebSocketLimits()
        limits.messageBytes = 5_000
        for _ in 0..<3_000 {
            var receiver = WebSocketReceiver(.client, limits: limits, allowsCompression: true)
            var events: [WebSocketEvent] = []
            do {
                for _ in 0..<4 {
                    var bytes = generator.bytes(generator.below(60))
                    if !bytes.isEmpty { bytes[0] &= 0xcf }
                    try receiver.receive(bytes.span, now: .now, into: &events)
                }
            } catch {
                continue
            }
        }
    }
}

@Suite struct WebSocketLimitTests {
    @Test func `a message beyond the limit ends with 1009 as soon as that is known`() {
        var limits = WebSocketLimits()
        limits.messageBytes = 1_000
        let half = [UInt8](repeating: 0, count: 600)
        #expect(throws: WebSocketFailure.messageTooLarge(limit: 1_000)) {
            // Announced, not sent.
            try received(Array(frame(.binary, [UInt8](repeating: 0, count: 1_001)).prefix(4)), limits: limits)
        }
        #expect(throws: WebSocketFailure.messageTooLarge(limit: 1_000)) {
            try received(frame(.binary, half, isFinal: false) + frame(.continuation, half), limits: limits)
        }
    }

    @Test func `a flood of pings ends with 1008, a few do not`() {
        var limits = WebSocketLimits()
        (limits.controlBurst, limits.controlPerSecond) = (10, 1)
        let pings = (0..<9).flatMap { _ in frame(.ping, []) }
        #expect(throws: Never.self) { try received(pings, limits: limits) }
        #expect(throws: WebSocketFailure.tooManyControlFrames) { try received(pings + pings, limits: limits) }
    }

    @Test func `RFC 7692: what one side deflates the other inflates, and a bomb is stopped at the limit`() throws {
        var sender = WebSocketSender(.server, compresses: true)
        var bytes: [UInt8] = []
        let message = text(String(repeating: "again and again ", count: 200))
        for _ in 0..<3 { sender.append(.data(.text, bytes: message, isStart: true, isEnd: true), to: &bytes) }
        #expect(bytes.count < message.count / 4)
        let whole = WebSocketEvent.data(.text, bytes: message, isStart: true, isEnd: true)
        #expect(try received(bytes, compression: true) == [whole, whole, whole])
        var limits = WebSocketLimits()
        limits.messageBytes = message.count - 1
        #expect(throws: WebSocketFailure.messageTooLarge(limit: message.count - 1)) {
            try received(bytes, limits: limits, compression: true)
        }
    }
}
