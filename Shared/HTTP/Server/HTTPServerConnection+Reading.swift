internal import Core
internal import Reactor

// How a connection reads its requests.
//
// The memory of a task's frames stays with the task for as long as it lives, so these functions keep out of each other's
// frames: waiting stands in that of `serve` and holds nothing, a head that came as a whole is read without a frame, and
// only one that came in parts pays for its parser.
extension HTTPServerConnection {
    /// How many bytes of the next request there are; nil when the connection is to end.
    @inline(__always)
    func nextRequest() async throws(HTTPFailure) -> Int? {
        isIdle = !input.hasKeptBytes
        guard !worker.isStopping || !isIdle else { return nil }
        do throws(HTTPFailure) {
            return try await input.waitForMessage(until: reactor.turn + timeouts.idle)
        } catch .stream(.deadlineExceeded) {
            return nil
        }
    }

    @inline(never)
    func readRequest(_ count: Int) async throws(HTTPFailure) -> HTTPServerRequest {
        if let request = try readWhole(count) { return request }
        return try await readRest()
    }

    private var parser: HTTPRequestParser { HTTPRequestParser(limits: configuration.limits) }

    @inline(never)
    private func readWhole(_ count: Int) throws(HTTPFailure) -> HTTPServerRequest? {
        try input.readWhole(count, parser).map(request)
    }

    @inline(never)
    private func readRest() async throws(HTTPFailure) -> HTTPServerRequest {
        request(try await input.readKept(parser, deadline: reactor.turn + timeouts.head))
    }
}
