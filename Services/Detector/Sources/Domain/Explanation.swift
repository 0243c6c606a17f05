import Inspection

/// A verdict in words, for `detector explain`: everything that led to it, and what would silence it.
enum Explanation {
    static func text(_ verdict: InspectionVerdict, engineVersion: String) -> String {
        var lines = [
            "score   \(rounded(verdict.score))  (\(verdict.action.rawValue) at the standard thresholds: block above 0.8, alert above 0.5)",
            "engine  \(engineVersion)",
        ]
        if !verdict.isComplete { lines.append("note    a limit kept part of the request from being looked at") }
        if verdict.findings.isEmpty { lines.append("Nothing was found.") }
        for finding in verdict.findings { lines += describe(finding) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func describe(_ finding: Finding) -> [String] {
        let place =
            finding.parameter.isEmpty
            ? finding.variable.name : "\(finding.variable.name) \(visible(Array(finding.parameter.utf8)))"
        return [
            "", "\(finding.ruleID)  \(finding.title)", "  category  \(finding.category.rawValue)",
            "  where     \(place), decoded, from byte \(finding.offset)", "  matched   \(visible(finding.matched))",
            "  weight    \(rounded(finding.weight))", "  silence   \(exclusion(finding.silencedBy))",
        ] + (finding.silencedByDirective.map { ["  or        \(visible(Array($0.utf8)))"] } ?? [])
    }

    static func exclusion(_ exclusion: Exclusion) -> String {
        [("route", exclusion.route), ("rule", exclusion.rule), ("parameter", exclusion.parameter)]
            .compactMap { name, value in value.map { "\(name): \(visible(Array($0.utf8)))" } }
            .joined(separator: ", ")
    }

    /// Hostile bytes must not reach the terminal as they are.
    static func visible(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let hex = String(byte, radix: 16)
            return (0x20..<0x7f).contains(byte)
                ? String(UnicodeScalar(byte)) : "\\x" + (hex.count == 1 ? "0" : "") + hex
        }.joined()
    }

    private static func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
