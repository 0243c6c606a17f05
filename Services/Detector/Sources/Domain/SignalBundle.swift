import Core
import JSON

/// What was seen here, for others: a STIX 2.1 bundle with an indicator for each address of each incident.
///
/// Identifiers come of the incident and the address, so that a later export says the same about the same thing again
/// instead of something new. Nothing of the requests and nobody's account is in it.
struct SignalBundle {
    private static let maximumIndicators = 10_000
    private static let holdsFor = Duration.seconds(7 * 86_400)
    private static let phases: [AttackStage: String] = [
        .reconnaissance: "reconnaissance", .weaponization: "weaponization", .delivery: "delivery",
        .exploitation: "exploitation", .installation: "installation", .commandAndControl: "command-and-control",
        .objectives: "actions-on-objectives",
    ]

    private(set) var count = 0
    private(set) var json: [UInt8] = []

    /// Incidents that people judged to be none are left out.
    init(_ incidents: [Incident], at now: Timestamp) {
        let hash = SeededHash(seed: 0)
        var writer = JSONWriter(capacity: 4_096)
        var written = 0
        let (identity, bundle) = (
            Self.identifier("identity", hash.hash("infinite".utf8), 0),
            Self.identifier("bundle", UInt64(bitPattern: now.nanoseconds), UInt64(incidents.count))
        )
        writer.object { writer in
            writer.member("type", "bundle")
            writer.member("id", bundle)
            writer.key("objects")
            writer.array { writer in
                Self.writeIdentity(identity, now, &writer)
                for incident in incidents where incident.isWorthTelling {
                    for link in incident.links where written < Self.maximumIndicators {
                        let low = hash.hash(link.member.high, link.member.low)
                        let id = Self.identifier("indicator", hash.hash(incident.id.high, incident.id.low), low)
                        Self.write(id, identity, link, of: incident, &writer)
                        written += 1
                    }
                }
            }
        }
        (count, json) = (written, writer.bytes)
    }

    private static func writeIdentity(_ id: String, _ now: Timestamp, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("type", "identity")
            writer.member("spec_version", "2.1")
            writer.member("id", id)
            writer.member("created", now.rfc3339)
            writer.member("modified", now.rfc3339)
            writer.member("name", "Infinite")
            writer.member("identity_class", "system")
        }
    }

    private static func write(
        _ id: String, _ identity: String, _ link: CampaignLink, of incident: Incident, _ writer: inout JSONWriter
    ) {
        let kind = link.member.isV4 ? "ipv4-addr" : "ipv6-addr"
        writer.object { writer in
            writer.member("type", "indicator")
            writer.member("spec_version", "2.1")
            writer.member("id", id)
            writer.member("created_by_ref", identity)
            writer.member("created", incident.openedAt.rfc3339)
            writer.member("modified", max(incident.openedAt, incident.updatedAt).rfc3339)
            writer.member("name", incident.category.title)
            writer.list("indicator_types", ["malicious-activity"])
            writer.member("pattern", "[\(kind):value = '\(link.member)']")
            writer.member("pattern_type", "stix")
            writer.member("valid_from", link.at.rfc3339)
            writer.member("valid_until", (max(link.at, incident.updatedAt) + holdsFor).rfc3339)
            writer.key("confidence")
            writer.integer(Int((incident.score * 100).rounded()))
            writer.list("labels", incident.techniques)
            writer.key("kill_chain_phases")
            writer.array { writer in
                writer.object { writer in
                    writer.member("kill_chain_name", "lockheed-martin-cyber-kill-chain")
                    writer.member("phase_name", phases[incident.stage] ?? "reconnaissance")
                }
            }
        }
    }

    /// A UUID of the form of version 4, as STIX wants them, but always the same for the same thing.
    private static func identifier(_ type: String, _ high: UInt64, _ low: UInt64) -> String {
        let id = UUIDv7(
            high: high & ~0xf000 | 0x4000, low: low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
        return "\(type)--\(id)"
    }
}

extension Incident {
    fileprivate var isWorthTelling: Bool {
        resolution != .falsePositive && resolution != .benign && resolution != .merged
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    fileprivate mutating func list(_ name: String, _ values: [String]) {
        key(name)
        array { writer in
            for value in values { writer.string(value) }
        }
    }
}
