/// Which processes of a service there are and what is to be done about them. It decides; `Supervisor` acts.
///
/// At most one serves, and at most one is about to take its place; any number may be leaving.
struct Succession: Sendable {
    enum Event: Sendable, Equatable {
        case ready(Int32)
        case ended(Int32, status: Int32)
        /// What `Action.start` asked for could not be done: the executable is not there, say.
        case notStarted
        /// One that was started did not become ready in time.
        case late(Int32)
        /// The pause before another start is over.
        case pauseEnded
        case replacementWanted
        case reloadWanted
        case stopWanted
    }

    enum Action: Sendable, Equatable {
        case start
        case startAfter(Duration)
        /// Stop listening at once, end when what is under way has ended.
        case handOver(Int32)
        case stop(Int32)
        case kill(Int32)
        case reload(Int32)
        case end(status: Int32)
        case tell(News)
    }

    /// What an operator wants to know of.
    enum News: Sendable {
        case takenOver, nextIsComing, nextEnded, nextIsLate, died, diedBeforeNext

        var text: StaticString {
            switch self {
            case .takenOver: "the next process serves; the one before it ends what is under way"
            case .nextIsComing: "the next process is on its way already"
            case .nextEnded: "the next process ended; the one before it serves on"
            case .nextIsLate: "the next process did not become ready in time and is given up"
            case .died: "the process that served has died; another one is started"
            case .diedBeforeNext: "the process that served has died; the next one is on its way"
            }
        }
    }

    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(10)

    private var serving: Int32?
    private var coming: Int32?
    private var leaving: Set<Int32> = []
    /// Whether any process was ever ready: what fails before that will not succeed by being repeated.
    private var hasServed = false
    private var isStopping = false
    private var pause = firstPause

    init() {}

    /// What `Action.start` led to.
    mutating func started(_ process: Int32) { coming = process }

    mutating func decide(_ event: Event) -> [Action] {
        switch event {
        case .ready(let process): becameReady(process)
        case .ended(let process, let status): ended(process, status)
        case .notStarted: notStarted()
        case .late(let process): coming == process ? [.tell(.nextIsLate), .kill(process)] : []
        case .pauseEnded: isStopping || coming != nil || serving != nil ? [] : [.start]
        case .replacementWanted: replacementWanted()
        case .reloadWanted: serving.map { [.reload($0)] } ?? []
        case .stopWanted: stopWanted()
        }
    }

    private mutating func becameReady(_ process: Int32) -> [Action] {
        guard process == coming else { return [] }
        let before = serving
        (serving, coming, hasServed, pause) = (process, nil, true, Self.firstPause)
        guard let before else { return [] }
        leaving.insert(before)
        return [.tell(.takenOver), .handOver(before)]
    }

    private mutating func ended(_ process: Int32, _ status: Int32) -> [Action] {
        if leaving.remove(process) != nil { return isOver ? [.end(status: status)] : [] }
        let wasServing = serving == process
        if wasServing { serving = nil } else if coming == process { coming = nil } else { return [] }
        if isStopping { return isOver ? [.end(status: status)] : [] }
        if !hasServed { return [.end(status: status)] }
        if !wasServing && serving != nil { return [.tell(.nextEnded)] }
        // Somebody is about to serve already.
        if coming != nil { return [.tell(.diedBeforeNext)] }
        return [.tell(.died)] + startAgain()
    }

    private mutating func notStarted() -> [Action] {
        if isStopping { return [] }
        if !hasServed { return [.end(status: ExitStatus.failure)] }
        return serving == nil ? startAgain() : [.tell(.nextEnded)]
    }

    private mutating func startAgain() -> [Action] {
        defer { pause = min(pause * 2, Self.longestPause) }
        return [.startAfter(pause)]
    }

    private func replacementWanted() -> [Action] {
        guard !isStopping else { return [] }
        if coming != nil { return [.tell(.nextIsComing)] }
        // While none serves, a start is due anyway.
        return serving == nil ? [] : [.start]
    }

    /// The second time too: it makes a process end at once.
    private mutating func stopWanted() -> [Action] {
        isStopping = true
        let all = ([serving, coming].compactMap(\.self) + leaving.sorted()).map { Action.stop($0) }
        return all.isEmpty ? [.end(status: ExitStatus.success)] : all
    }

    private var isOver: Bool { isStopping && serving == nil && coming == nil && leaving.isEmpty }
}
