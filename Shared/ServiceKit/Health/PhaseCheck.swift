internal import Synchronization

/// Where a process is in its life, as a health check.
final class PhaseCheck: Sendable {
    enum Phase: Sendable {
        case starting(waitingFor: String?)
        case serving
        case stopping
    }

    private let phase = Mutex(Phase.starting(waitingFor: nil))

    /// Nothing comes after stopping.
    func set(_ next: Phase) {
        phase.withLock { phase in
            if case .stopping = phase { return }
            phase = next
        }
    }

    var state: HealthState {
        switch phase.withLock({ $0 }) {
        case .starting(nil): .notReady("starting")
        case .starting(let part?): .notReady("starting: waiting for \(part)")
        case .serving: .ready
        case .stopping: .notReady("stopping")
        }
    }
}
