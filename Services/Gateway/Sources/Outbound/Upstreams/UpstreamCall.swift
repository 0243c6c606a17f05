import Core
import HTTP
import Reactor
import Telemetry

/// Why a request got no answer from its upstream.
enum UpstreamFailure: Error {
    /// What the last endpoint that was tried did.
    case failed(HTTPFailure)
    /// As many requests are under way there as may be, or wait for a connection.
    case full
    /// It failed so much lately that it is left alone for a while.
    case resting
    /// The answer broke off after it had begun.
    case brokeOff(HTTPFailure)
}

/// One request's way through an upstream: admission, an endpoint, and another one when that repeats nothing.
struct UpstreamCall {
    struct Answer {
        var response: HTTPClientResponse
        var endpoint: Int
        /// From sending to the answer's head, of the attempt that answered.
        var took: Duration
        var arrived: Deadline
        var isFailure: Bool
    }

    /// Errors of a server that say it could not do its work at all. (A 500 may be the request's own fault.)
    private static let gatewayErrors = 502...504
    /// A small answer that nobody wants is read to keep its connection.
    private static let worthReading = 16 << 10

    let upstream: LiveUpstream
    let lane: UpstreamLane
    let key: UInt64
    let deadline: Deadline
    let log: Logger

    /// Every answer has to be followed by `finish`.
    func send(_ request: consuming HTTPClientRequest, _ body: OutgoingBody) async throws -> Answer {
        guard upstream.enter() else {
            upstream.metrics.refused.increment()
            throw UpstreamFailure.full
        }
        let began = Deadline.now
        guard lane.admit(now: began) else {
            upstream.leave()
            upstream.metrics.refused.increment()
            throw UpstreamFailure.resting
        }
        do {
            let answer = try await attempt(request, body, began)
            lane.ended(isFailure: answer.isFailure, now: answer.arrived)
            upstream.metrics.answered.increment()
            return answer
        } catch {
            upstream.leave()
            lane.ended(isFailure: Self.blames(error), now: .now)
            upstream.metrics.failed.increment()
            throw error
        }
    }

    func finish(_ answer: Answer) {
        lane.ended(answer.endpoint)
        upstream.leave()
    }

    /// The answer broke off: the endpoint's fault, though nothing can be repeated any more.
    func brokeOff(_ answer: Answer, _ failure: HTTPFailure) {
        noteFailure(answer.endpoint, answer.took, "\(failure)")
    }

    @inline(__always)
    private func attempt(
        _ request: consuming HTTPClientRequest, _ body: OutgoingBody, _ firstBegan: Deadline
    ) async throws -> Answer {
        lane.budget.addRequest()
        let isIdempotent = request.method.isIdempotent
        var tried: [Int] = []
        while true {
            let began = tried.isEmpty ? firstBegan : .now
            guard let index = lane.pick(key: key, excluding: tried, now: began) else { throw UpstreamFailure.resting }
            if !body.isNone { request.body = body.forClient }
            lane.began(index)
            do throws(HTTPAttemptFailure) {
                let response = try await upstream.client.attempt(
                    request, to: upstream.endpoints[index], deadline: deadline)
                let now = Deadline.now
                let isFailure = Self.gatewayErrors.contains(response.status.code)
                let answer = Answer(
                    response: response, endpoint: index, took: now - began, arrived: now, isFailure: isFailure)
                guard isFailure else {
                    lane.answered(index, after: answer.took, now: now)
                    return answer
                }
                if let answer = await failed(Trial(self, isIdempotent, body, index, began, tried), answer) {
                    return answer
                }
            } catch {
                lane.ended(index)
                try await failed(Trial(self, isIdempotent, body, index, began, tried), error)
            }
            body.rewind()
            tried.append(index)
        }
    }

    /// Whether a failure says something about the upstream; nil when it is about its client or us.
    private static func blames(_ error: any Error) -> Bool? {
        switch error {
        case UpstreamFailure.failed(.stream(.cancelled)), UpstreamFailure.full, UpstreamFailure.resting: nil
        case is UpstreamFailure: true
        default: nil
        }
    }

    @inline(never)
    private func noteFailure(_ index: Int, _ took: Duration, _ reason: @autoclosure () -> String) {
        guard lane.failed(index, after: took, reason(), now: .now) else { return }
        upstream.metrics.ejections.increment()
        log.warning(
            "an upstream's endpoint fails and is left out for a while",
            [
                "upstream": .string(upstream.settings.name),
                "endpoint": .string(upstream.settings.endpoints[index].address), "reason": .string(reason()),
            ])
    }

    // MARK: One attempt

    @inline(never)
    private func failed(_ trial: Trial, _ answer: Answer) async -> Answer? { await trial.failed(answer) }

    @inline(never)
    private func failed(_ trial: Trial, _ failure: HTTPAttemptFailure) async throws { try await trial.failed(failure) }

    /// One that did not go well, and what is to be done.
    private struct Trial {
        let call: UpstreamCall
        let isIdempotent: Bool
        let body: OutgoingBody
        let index: Int
        let began: Deadline
        let tried: [Int]

        init(
            _ call: UpstreamCall, _ isIdempotent: Bool, _ body: OutgoingBody, _ index: Int, _ began: Deadline,
            _ tried: [Int]
        ) {
            (self.call, self.isIdempotent, self.body) = (call, isIdempotent, body)
            (self.index, self.began, self.tried) = (index, began, tried)
        }

        /// An answer that says the endpoint could not do its work; nil when another attempt may be made.
        func failed(_ answer: Answer) async -> Answer? {
            let status = answer.response.status
            call.noteFailure(index, answer.took, "\(status)")
            guard await mayRepeat(.status(status.code), hasSentAny: true) else { return answer }
            await release(answer.response)
            call.lane.ended(index)
            return nil
        }

        /// Returns when another attempt may be made now.
        func failed(_ failure: HTTPAttemptFailure) async throws {
            if let clientFailure = body.clientFailure { throw clientFailure }
            switch failure.failure {
            case .stream(.cancelled): throw UpstreamFailure.failed(failure.failure)
            case .exhausted: throw UpstreamFailure.full
            case .stopped, .misused, .tooLarge: throw failure.failure
            case .stream, .truncated, .refused, .cannotResolve: break
            }
            call.noteFailure(index, .now - began, "\(failure.failure)")
            guard let cause = cause(failure), await mayRepeat(cause, hasSentAny: failure.hasSentAny) else {
                throw UpstreamFailure.failed(failure.failure)
            }
        }

        private func cause(_ failure: HTTPAttemptFailure) -> RetryPolicy.Cause? {
            guard !call.deadline.hasPassed else { return nil }
            if !failure.hasSentAny { return .connect }
            switch failure.failure {
            case .stream(.deadlineExceeded), .refused: return nil
            default: return .reset
            }
        }

        /// After the pause that has to lie between.
        @inline(never)
        private func mayRepeat(_ cause: RetryPolicy.Cause, hasSentAny: Bool) async -> Bool {
            let rule = RetryRule(
                policy: call.upstream.settings.retries, isIdempotent: isIdempotent,
                isReplayable: body.canRewind)
            guard rule.allows(cause, hasSentAny: hasSentAny, attempt: tried.count + 1) else { return false }
            guard !hasSentAny || call.lane.budget.spend() else { return false }
            call.upstream.metrics.retries.increment()
            // Somebody else can be asked at once; asking the same again needs a pause.
            guard hasSentAny || !call.lane.hasUntried(tried + [index]) else { return true }
            let pause = rule.pause(before: tried.count + 2, &call.lane.random)
            guard call.deadline.remaining > pause else { return false }
            do { try await Reactor.sleep(for: pause) } catch { return false }
            return true
        }

        @inline(never)
        private func release(_ response: HTTPClientResponse) async {
            if let length = response.body.length, length <= UpstreamCall.worthReading {
                _ = try? await response.body.collect(
                    upTo: UpstreamCall.worthReading, deadline: min(call.deadline, .after(.milliseconds(100))))
            }
            await response.body.abandon()
        }
    }
}
