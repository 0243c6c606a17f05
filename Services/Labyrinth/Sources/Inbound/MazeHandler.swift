internal import Core
internal import HTTP
internal import Reactor
internal import Synchronization
internal import Telemetry

/// Answers diverted requests: counts the step, tells everybody of it, makes the intruder wait, and shows the page.
final class MazeHandler: HTTPHandler {
    private struct State: ~Copyable {
        var intruders: IntruderTable
        var waiting = 0
    }

    private let secret: KeyedHash
    private let tarpit: Tarpit
    private let clock: any WallClock
    private let metrics: LabyrinthMetrics
    private let record: @Sendable (IntruderStep) -> Void
    private let state: Mutex<State>

    init(
        secret: String, tarpit: Tarpit, rememberedIntruders: Int, clock: any WallClock, metrics: LabyrinthMetrics,
        record: @escaping @Sendable (IntruderStep) -> Void
    ) {
        self.secret = KeyedHash(secret: Array(secret.utf8))
        self.tarpit = tarpit
        self.clock = clock
        self.metrics = metrics
        self.record = record
        state = Mutex(State(intruders: IntruderTable(capacity: rememberedIntruders)))
    }

    func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        guard let diverted = DivertedRequest(request.head) else {
            metrics.refused.increment()
            throw LabyrinthFailure.notDiverted.failure
        }
        let body = try await beginning(of: request.body)
        let (page, step) = answer(diverted, body)
        record(step)
        metrics.count(step.trap)
        try await hold(for: step.delay)
        try await send(page, response)
    }

    private func answer(_ diverted: DivertedRequest, _ body: [UInt8]) -> (Page, IntruderStep) {
        let began = Deadline.now
        defer { metrics.pageDuration.observe(Deadline.now - began) }
        let maze = Maze(secret: secret, intruder: diverted.intruder)
        let room = maze.room(at: diverted.head.pathBytes)
        let trap = Trap(for: diverted.bait)
        let page = PageRenderer(maze: maze).page(for: room, trap, isPost: diverted.isPost)
        var step = count(diverted, room, trap, usesCanary: diverted.usesCanary(of: maze, body: body))
        step.pageBytes = page.body.count
        return (page, step)
    }

    private func count(_ diverted: DivertedRequest, _ room: Room, _ trap: Trap, usesCanary: Bool) -> IntruderStep {
        let now = clock.now
        let (intruder, dwell, waiting) = state.withLock { state -> (Intruder, Duration, Int) in
            let (intruder, dwell) = state.intruders.update(diverted.intruder, now: now) { intruder in
                intruder.decision = diverted.decision ?? intruder.decision
                intruder.address = diverted.client ?? intruder.address
                return intruder.take(
                    room, trap, at: now, usesCanary: usesCanary, postsCredentials: trap == .login && diverted.isPost,
                    userAgent: diverted.userAgent)
            }
            metrics.intruders.set(state.intruders.count)
            return (intruder, dwell, state.waiting)
        }
        return IntruderStep(
            observedAt: now, request: diverted.request, method: Array("\(diverted.head.method)".utf8.prefix(32)),
            path: Array(diverted.head.pathBytes.prefix(IntruderStep.longestText)),
            query: Array(diverted.query.prefix(IntruderStep.longestText)),
            userAgent: Array(diverted.userAgent.prefix(IntruderStep.longestText)), trace: diverted.trace, room: room,
            trap: trap, dwell: dwell, delay: tarpit.delay(stepCount: intruder.stepCount - 1, waiting: waiting),
            intruder: intruder)
    }

    /// What was sent at first; a body that is longer, or does not come, is not waited for.
    private func beginning(of body: HTTPBody) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < DivertedRequest.longestBody, let piece = try await body.next() { bytes += piece }
        return bytes
    }

    private func hold(for delay: Duration) async throws {
        guard delay > .zero else { return }
        changeWaiting(by: 1)
        defer { changeWaiting(by: -1) }
        try await Reactor.sleep(for: delay)
    }

    private func changeWaiting(by change: Int) {
        let waiting = state.withLock { state in
            state.waiting += change
            return state.waiting
        }
        metrics.waiting.set(waiting)
    }

    private func send(_ page: Page, _ response: HTTPResponseWriter) async throws {
        var headers = HTTPHeaders()
        headers.add("Content-Type", page.contentType)
        headers.add("Cache-Control", "no-store")
        if let location = page.location { headers.add("Location", location) }
        try await response.respond(HTTPStatus(page.status), headers: headers, body: page.body)
    }
}
