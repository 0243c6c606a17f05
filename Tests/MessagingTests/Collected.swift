import Core
import Reactor
import Testing

/// What a handler saw, from whatever thread it ran on.
final class Collected<Element: Sendable>: Sendable {
    private let elements = AsyncQueue<Element>(capacity: 1_000_000)

    func add(_ element: Element) { _ = elements.offer(element) }
    var count: Int { elements.count }

    func next(within limit: Duration = .seconds(60)) async throws -> Element {
        try #require(try await elements.receive(deadline: .after(limit)))
    }
}

/// Later than any machine is slow: what a test waits for comes, or something is wrong.
extension Deadline {
    static var soon: Deadline { .after(.seconds(60)) }
}
