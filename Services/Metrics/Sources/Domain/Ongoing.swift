import Core

/// Something that goes on until it ends: what the overview counts as open, in force, active.
struct Ongoing: Equatable, Sendable {
    enum Kind: String, CaseIterable, Sendable { case incident, decision, intruder }

    var kind: Kind
    var id: UUIDv7
    /// In the past: it has ended.
    var endsAt: Timestamp

    /// An incident nobody resolves stops to count one day.
    static let longestIncident = Duration.seconds(30 * 86_400)
    /// An intruder is active for so long after a step.
    static let intruderRests = Duration.seconds(15 * 60)
}
