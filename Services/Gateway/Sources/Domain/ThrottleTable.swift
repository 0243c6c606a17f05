package import Core

/// Requests left to throttled clients, by the generic cell rate algorithm: one timestamp per client says when its next
/// request is due, and a request that comes more than one burst too early is refused.
///
/// Bounded: beyond `capacity` clients, those whose time is up are forgotten; if none is, a new client is let through,
/// because throttling is a mercy and never the last line of defence.
package struct ThrottleTable: Sendable {
    package static let burst = 5.0
    private let capacity: Int
    private var dueAt: [IPAddress: Deadline] = [:]

    package init(capacity: Int = 100_000) { self.capacity = max(1, capacity) }

    /// nil when the request may pass, otherwise how long to wait.
    package mutating func refuse(_ client: IPAddress, allowedPerSecond: Double, now: Deadline) -> Duration? {
        guard allowedPerSecond > 0 else { return .seconds(60) }
        let interval = Duration.nanoseconds(Int64(min(1e9 / allowedPerSecond, 3.6e12)))
        let due = max(dueAt[client] ?? now, now)
        let early = due - now
        let tolerance = interval * (Self.burst - 1)
        guard early <= tolerance else { return early - tolerance }
        if dueAt[client] == nil, dueAt.count >= capacity { dueAt = dueAt.filter { $0.value > now } }
        if dueAt[client] != nil || dueAt.count < capacity { dueAt[client] = due + interval }
        return nil
    }
}
