import Core
import HTTP
import Reactor
import Synchronization
import Telemetry

/// Calls of the API that are made once for each key, however often they are sent.
///
/// The call runs in a task of its own: a client that leaves, or loses its connection, finds the answer when it comes back.
final class IdempotentCalls: Sendable {
    struct Answer: Sendable {
        var body: [UInt8]
        var isReplayed: Bool
    }

    /// Of the call's own time, for what stands in the table: then nobody waits for it any longer.
    private static let grace = Duration.seconds(5)
    private static let largestAnswer = 256 << 10
    private static let mostUnderWay = 1_000

    private let store: IdempotencyStore
    private let timeout: Duration
    private let log: Logger
    private let underWay = Atomic<Int>(0)

    init(_ store: IdempotencyStore, timeout: Duration, log: Logger) {
        (self.store, self.timeout, self.log) = (store, timeout, log)
    }

    /// - Parameter call: gives the answer's body.
    func make(
        _ key: IdempotencyKey, fingerprint: [UInt8], for caller: UUIDv7, request: UUIDv7,
        _ call: @escaping @Sendable () async throws -> [UInt8]
    ) async throws -> Answer {
        let beginning = try await store.begin(
            caller, key.digest, fingerprint: fingerprint, request: request, running: timeout + Self.grace,
            deadline: .after(timeout))
        switch beginning {
        case .ours:
            return Answer(body: try await run(key, caller, request, call), isReplayed: false)
        case .known(let known):
            return Answer(body: try reply(known.reply(to: fingerprint), key, caller), isReplayed: true)
        case .full:
            throw Failure(
                .exhausted, "You have \(IdempotencyStore.mostPerCaller) idempotency keys in use; they end after a day.",
                retryAfter: .seconds(3_600))
        }
    }

    private func reply(_ reply: IdempotentCall.Reply, _ key: IdempotencyKey, _ caller: UUIDv7) throws -> [UInt8] {
        switch reply {
        case .replay(let sealed): return try key.open(sealed, for: caller)
        case .otherCall: throw IdempotencyRefusal.otherCall
        case .underWay:
            throw Failure(.conflict, "The call with this Idempotency-Key is still under way.", retryAfter: .seconds(1))
        case .outcomeUnknown:
            throw Failure(
                .conflict,
                "Nobody knows whether the call with this Idempotency-Key was done: its answer did not come. "
                    + "Look whether it was; to do it once more, send it with a new key.")
        case .answerNotKept:
            throw Failure(
                .conflict, "The call with this Idempotency-Key was done; its answer was too large to be kept.")
        }
    }

    private func run(
        _ key: IdempotencyKey, _ caller: UUIDv7, _ request: UUIDv7,
        _ call: @escaping @Sendable () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        guard let reactor = Reactor.current else { preconditionFailure("calls are made on the gateway's reactors") }
        guard underWay.add(1, ordering: .relaxed).newValue <= Self.mostUnderWay else {
            underWay.subtract(1, ordering: .relaxed)
            try? await store.free(caller, key.digest, request: request)
            throw Failure(.exhausted, "Too many calls are under way.", retryAfter: .seconds(1))
        }
        let result = Promise<Result<[UInt8], Failure>>()
        let made: Result<[UInt8], Failure>
        reactor.run { [self] in
            let made = await Self.made(call)
            // First what is kept, then the answer: who has it finds it again.
            await keep(made, key, caller, request)
            result.fulfil(made)
            underWay.subtract(1, ordering: .relaxed)
        }
        do throws(StreamFailure) {
            made = try await result.value()
        } catch {
            // The client has left; the call goes on.
            throw HTTPFailure.stream(error)
        }
        return try made.get()
    }

    private static func made(_ call: @Sendable () async throws -> [UInt8]) async -> Result<[UInt8], Failure> {
        do { return .success(try await call()) } catch { return .failure(Failure(telling: error)) }
    }

    private func keep(
        _ made: Result<[UInt8], Failure>, _ key: IdempotencyKey, _ caller: UUIDv7, _ request: UUIDv7
    ) async {
        do {
            switch made {
            case .success(let body):
                let sealed = body.count <= Self.largestAnswer ? try key.seal(body, for: caller) : nil
                try await store.end(caller, key.digest, request: request, .answered, answer: sealed)
            case .failure(let failure):
                switch IdempotencyVerdict(failure) {
                case .free: try await store.free(caller, key.digest, request: request)
                case .unknown: try await store.end(caller, key.digest, request: request, .unknown)
                }
            }
        } catch {
            // The row stays as it is: under way, and then of unknown outcome.
            log.warning(
                "an answer could not be kept under its idempotency key",
                ["request": .string(request.description), "error": .error(error)])
        }
    }
}

/// What is refused with a status that no failure of a service has.
enum IdempotencyRefusal: Error, Sendable {
    case otherCall
    case malformed

    var status: HTTPStatus { self == .otherCall ? HTTPStatus(422) : .badRequest }

    var detail: String {
        switch self {
        case .otherCall: "This Idempotency-Key was used for another call, or with other arguments; use a new one."
        case .malformed:
            "Idempotency-Key has to be 1 to \(IdempotencyKey.longest) visible ASCII characters, given once."
        }
    }
}
