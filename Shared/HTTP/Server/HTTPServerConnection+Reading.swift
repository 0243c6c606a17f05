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
        return !worker.isStopping || !isIdle
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
