package import Core
package import Inspection
package import ServiceKit
package import Telemetry

/// Keeps the rule set in force the same as its files: another one is in force for every thread with its next request,
/// one that does not load is refused, and the old one stays.
package final class RuleSetKeeper: FollowsFiles {
    /// What is known of the rule set in force.
    package struct InForce: Sendable {
        package let digest: [UInt8]
        package let ruleCount: Int
        package let signatures: [String]
        package let readAt = Timestamp.now
        fileprivate let files: RuleFiles

        fileprivate init(_ rules: RuleSetInForce, _ files: RuleFiles) {
            (digest, ruleCount, signatures) = (files.digest, rules.ruleCount, rules.signatures)
            self.files = files
        }

        fileprivate var logged: LogFields {
            [
                "rules": .int(ruleCount), "digest": .string(Hex.encode(digest)),
                "name": .string(signatures.joined(separator: ", ")),
            ]
        }
    }

    /// One rule set took another's place.
    package struct Change: Sendable {
        package let previousDigest: [UInt8]
        package let currentDigest: [UInt8]
        /// "signal", "file", "bus".
        package let origin: String
    }

    /// An upgrade writes some sixty files: while they change there is nothing to be read.
    private static let mostReadings = 5

    package let settings: CoreRuleSet
    package let published: Published<RuleSetInForce>
    package let files: FileKeeper<InForce>

    /// Reads the files for the first time; what is wrong then stops the start.
    package init(
        _ settings: CoreRuleSet, from source: SecLangSource = .files, metrics: RuleSetMetrics, log: Logger,
        changed: @escaping @Sendable (Change) -> Void = { _ in }
    ) throws(InspectionFailure) {
        let (rules, first) = try Self.load(settings, source)
        let published = Published(rules)
        (self.settings, self.published) = (settings, published)
        metrics.note(first)
        log.info("a rule set is in force", first.logged)
        files = FileKeeper(
            "rule set", first, files: { $0.files.paths }, log: log, concluded: { metrics.note($0) },
            read: { inForce, origin in
                guard !inForce.files.isUnchanged(source) else { return nil }
                let previous = inForce.digest
                let (rules, found) = try Self.load(settings, source)
                inForce = found
                published.update { $0 = rules }
                metrics.note(found)
                changed(Change(previousDigest: previous, currentDigest: found.digest, origin: origin))
                return found.logged
            })
    }

    /// What stood still while it was read, as far as that can be had.
    private static func load(
        _ settings: CoreRuleSet, _ source: SecLangSource
    ) throws(InspectionFailure) -> (RuleSetInForce, InForce) {
        var readings = 1
        while true {
            let recorder = RuleFiles.Recorder(source)
            let rules = try RuleSetInForce(try settings.load(from: recorder.recordingSource))
            let files = recorder.recorded
            if readings == mostReadings || files.isUnchanged(source) { return (rules, InForce(rules, files)) }
            readings += 1
        }
    }
}
