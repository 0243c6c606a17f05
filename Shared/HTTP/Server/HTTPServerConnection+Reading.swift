internal import Core
internal import Reactor

// How a connection reads its requests.
//
// The memory of a task's frames stays with the task for as long as it lives: waiting stands in the frame of `serve` and
// holds nothing, a head that came as a whole is read without a frame, and only one that came in parts pays for its parser.
extension HTTPServerConnection {
    /// Whether another request is wanted.
    var mayReadOn: Bool {
        isIdle = !input.hasKeptBytes
        return !worker.isStopping || !isIdle || !hasServed
    }

    /// Who has just connected is about to ask, and would take the end for a failure.
    func drain() {
        guard isIdle else { return }
        guard !hasServed else { return close() }
        let patience = timeouts.firstRequest
        reactor.run { [weak self] in
            try? await Reactor.sleep(for: patience)
            if let self, isIdle { close() }
        }
    }

    private var parser: HTTPRequestParser { HTTPRequestParser(limits: configuration.limits) }

    @inline(never)
    func readWhole(_ count: Int) throws(HTTPFailure) -> HTTPServerRequest? {
        guard let head = try input.readWhole(count, parser) else { return nil }
        return request(head)
    }

    @inline(never)
    func readRest() async throws(HTTPFailure) -> HTTPServerRequest {
        request(try await input.readKept(parser, deadline: reactor.turn + timeouts.head))
    }
}
