internal import Core
internal import Reactor

/// The tasks that answer requests of HTTP/2, each one request after the other. A task of its own for every request would
/// have to be made and ended, with cold memory for its frames and a cancellation handler for each of its waits.
///
/// There is one for every request under way, which `HTTP2ServerConnection` bounds, and at most `mostIdle` rest. Confined to
/// its reactor, which is what makes it Sendable.
final class HTTP2Handlers: @unchecked Sendable {
    private static let mostIdle = 64

    private let reactor: Reactor
    private var idle: [HTTP2HandlerTask] = []
    private var isEnding = false

    init(on reactor: Reactor) { self.reactor = reactor }

    /// Returns who answers: what is cancelled with it is this request.
    func run(_ stream: HTTP2ServerStream, _ request: HTTPServerRequest) -> HTTP2HandlerTask {
        let task = idle.popLast() ?? HTTP2HandlerTask(self, on: reactor)
        task.call(stream, request)
        return task
    }

    /// Whoever rests ends now, the others with their request.
    func end() {
        isEnding = true
        let resting = idle
        idle = []
        for task in resting { task.end() }
    }

    fileprivate func keep(_ task: HTTP2HandlerTask) -> Bool {
        guard !isEnding, idle.count < Self.mostIdle else { return false }
        idle.append(task)
        return true
    }

    fileprivate func forget(_ task: HTTP2HandlerTask) { idle.removeAll { $0 === task } }
}

/// Confined to its reactor, which is what makes it Sendable.
final class HTTP2HandlerTask: @unchecked Sendable {
    /// After a rest of so long it ends, and its memory with it.
    private static let longestRest = Duration.seconds(30)

    private let handlers: HTTP2Handlers
    private let reactor: Reactor
    private let called: ReactorSignal
    private var work: (stream: HTTP2ServerStream, request: HTTPServerRequest)?
    private var handle: TaskHandle?

    fileprivate init(_ handlers: HTTP2Handlers, on reactor: Reactor) {
        self.handlers = handlers
        self.reactor = reactor
        called = ReactorSignal(on: reactor)
    }

    fileprivate func call(_ stream: HTTP2ServerStream, _ request: HTTPServerRequest) {
        work = (stream, request)
        guard handle == nil else { return called.signal() }
        handle = reactor.run { [self] in await reactor.withCancellationCovered { await serve() } }
    }

    func cancel() { handle?.cancel() }
    fileprivate func end() { called.close() }

    /// `@concurrent` for the reason that `HTTPServerConnection.serve` has.
    @concurrent
    private func serve() async {
        while true {
            while let (stream, request) = takeWork() {
                await stream.serve(request)
                // Who was cancelled stays so.
                guard !Task.isCancelled, handlers.keep(self) else { return }
            }
            do throws(StreamFailure) {
                try await called.waitForClose(orSignalUntil: reactor.turn + Self.longestRest)
            } catch {
                handlers.forget(self)
                // It may have been called while it was being woken for the end.
                if work == nil { return }
            }
        }
    }

    private func takeWork() -> (stream: HTTP2ServerStream, request: HTTPServerRequest)? {
        var taken: (stream: HTTP2ServerStream, request: HTTPServerRequest)?
        swap(&taken, &work)
        return taken
    }
}
