internal import Synchronization

/// How one part of a service is.
package enum HealthState: Sendable, Equatable {
    case ready
    /// Works, but not as it should: told to operators, does not take the service out of rotation.
    case degraded(String)
    case notReady(String)

    /// The same of a part the service can do without.
    var tolerated: HealthState {
        if case .notReady(let reason) = self { .degraded(reason) } else { self }
    }
}

/// What a service needs to be ready. Checks are asked each time somebody looks, so they cannot be out of date; they must
/// answer at once from what they know.
package final class HealthRegistry: Sendable {
    package typealias Check = @Sendable () -> HealthState

    private let checks = Mutex<[(name: String, check: Check)]>([])

    package init() {}

    /// A second check of the same name replaces the first.
    package func add(_ name: String, _ check: @escaping Check) {
        checks.withLock { checks in
            checks.removeAll { $0.name == name }
            checks.append((name, check))
        }
    }

    package var report: [(name: String, state: HealthState)] {
        checks.withLock { $0 }.map { ($0.name, $0.check()) }
    }

    package var isReady: Bool {
        report.allSatisfy { entry in
            if case .notReady = entry.state { false } else { true }
        }
    }
}
