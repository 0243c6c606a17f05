import Core
import Testing

@testable import gateway

@Suite struct IdempotencyKeyTests {
    @Test(arguments: [
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", true), ("\"8e03978e\"", true), ("order:5/2", true), ("", false),
        ("\"\"", false), ("\"a", false), ("a b", false), ("a\"b", false), ("\"a\\\"b\"", false), ("ä", false),
        (String(repeating: "k", count: 255), true), (String(repeating: "k", count: 256), false), ("a\u{7f}", false),
    ]) func `A key is visible ASCII of some length, quoted or not`(field: String, isKey: Bool) {
        #expect((IdempotencyKey(field) != nil) == isKey)
    }

    @Test func `Quoted or not, it is the same key`() throws {
        let (plain, quoted) = (try #require(IdempotencyKey("abc")), try #require(IdempotencyKey("\"abc\"")))
        #expect(plain == quoted && plain.digest == quoted.digest)
        #expect(plain.digest != IdempotencyKey("abd")?.digest)
    }

    @Test func `What was answered is opened by the key and the caller it was sealed for, and by nothing else`() throws {
        let (key, caller) = (try #require(IdempotencyKey("abc")), UUIDv7())
        let sealed = try key.seal(Array("secret".utf8), for: caller)
        #expect(try key.open(sealed, for: caller) == Array("secret".utf8))
        #expect(throws: (any Error).self) { try key.open(sealed, for: UUIDv7()) }
        #expect(throws: (any Error).self) { try IdempotencyKey("abd")?.open(sealed, for: caller) }
    }

    private static let first = IdempotencyKey.fingerprint(of: "MakeDecision", payload: [1])

    @Test(
        arguments: [
            (.underWay, nil, false, .underWay), (.underWay, nil, true, .outcomeUnknown),
            (.unknown, nil, false, .outcomeUnknown), (.answered, [1], false, .replay(sealed: [1])),
            (.answered, [1], true, .replay(sealed: [1])), (.answered, nil, true, .answerNotKept),
        ] as [(IdempotentCall.Outcome, [UInt8]?, Bool, IdempotentCall.Reply)])
    func `What the second request under a key gets`(
        outcome: IdempotentCall.Outcome, answer: [UInt8]?, isOverdue: Bool, expected: IdempotentCall.Reply
    ) {
        let known = IdempotentCall(
            fingerprint: Self.first, outcome: outcome, sealedAnswer: answer, isOverdue: isOverdue)
        #expect(known.reply(to: Self.first) == expected)
        #expect(known.reply(to: IdempotencyKey.fingerprint(of: "MakeDecision", payload: [2])) == .otherCall)
        #expect(known.reply(to: IdempotencyKey.fingerprint(of: "Other", payload: [1])) == .otherCall)
    }

    @Test func `A refusal did nothing; an answer that did not come may have`() {
        for kind in [Failure.Kind.invalid, .forbidden, .notFound, .conflict, .exhausted, .unsupported] {
            #expect(IdempotencyVerdict(Failure(kind, "")) == .free)
        }
        for kind in [Failure.Kind.internalError, .unavailable, .deadlineExceeded, .cancelled] {
            #expect(IdempotencyVerdict(Failure(kind, "")) == .unknown)
        }
    }
}
