internal import Foundation

/// The tallies as tables for people (`docs/scorecard.md`) and as figure lines for scripts.
struct Report {
    /// The sets whose found attacks are averaged, and those whose refusals are.
    private static let averaged = ["gotestwaf", "wafbypass", "libinjection", "httpparams", "payload-lists"]

    var tallies: [Tally]

    var markdown: String {
        var lines = [
            "# Scorecard", "",
            "What the built-in engine blocks (score above 0.8), per set of labelled requests; written by `make scorecard`.",
            "The sets are third parties' data and stand beside the checkout, not in it. Beside it nginx with libmodsecurity",
            "3.0.9 at paranoia level 1, found % / refused %, measured by replay.", "",
            "| set | attacks | found % | honest | refused % | balanced | µs/request | "
                + Peers.names.joined(separator: " | ") + " |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
                + String(repeating: " ---: |", count: Peers.names.count),
        ]
        lines += tallies.map(row)
        lines += ["", "## By category", "", "Attacks found, of all.", ""]
        lines += tallies.filter { !$0.categories.isEmpty }.map { tally in
            let parts = tally.categories.sorted { $0.key < $1.key }.map {
                "\($0.key) \($0.value.blocked)/\($0.value.all)"
            }
            return "- **\(tally.corpus)**: " + parts.joined(separator: ", ")
        }
        lines += ["", "## Bars", ""] + figures.map { "    \($0)" } + [""]
        return lines.joined(separator: "\n")
    }

    private func row(_ tally: Tally) -> String {
        let peers = Peers.names.indices.map { index -> String in
            guard let result = Peers.results[tally.corpus]?[index] else { return "–" }
            return "\(result.found.map { "\($0)" } ?? "–") / \(result.refused.map { "\($0)" } ?? "–")"
        }
        let cells = [
            tally.corpus, "\(tally.attacks.all)", percent(tally.attacks), "\(tally.benign.all)", percent(tally.benign),
            tally.balancedAccuracy.map { rounded($0 * 100) } ?? "–", rounded(tally.microseconds),
        ]
        return "| " + (cells + peers).joined(separator: " | ") + " |"
    }

    private func percent(_ count: Tally.Count) -> String { count.all == 0 ? "–" : rounded(count.share * 100) }

    private func rounded(_ value: Double) -> String { String(format: "%.2f", value) }

    var figures: [String] {
        let found = tallies.filter { Self.averaged.contains($0.corpus) }.map(\.attacks.share)
        let mean = found.reduce(0, +) / Double(max(1, found.count))
        var lines = [
            figure("scorecard.found", mean, "share", mean >= 0.85, "bar >= 0.85, aim 0.95")
        ]
        for tally in tallies where tally.benign.all > 0 {
            let bar = tally.corpus == "webhooks" ? 0 : 0.001
            lines.append(
                figure(
                    "scorecard.refused.\(tally.corpus)", tally.benign.share, "share", tally.benign.share <= bar,
                    "bar <= \(bar)"))
        }
        return lines + tallies.compactMap(comparison)
    }

    /// Our balanced accuracy beside the best peer's; one half alone counts where a set has but one.
    private func comparison(_ tally: Tally) -> String? {
        guard let results = Peers.results[tally.corpus] else { return nil }
        func balanced(_ found: Double?, _ refused: Double?) -> Double {
            let halves = [found.map { $0 / 100 }, refused.map { 1 - $0 / 100 }].compactMap { $0 }
            return halves.reduce(0, +) / Double(halves.count)
        }
        let best = results.map { balanced($0.found, $0.refused) }.max() ?? 0
        let ours = balanced(
            tally.attacks.all == 0 ? nil : tally.attacks.share * 100,
            tally.benign.all == 0 ? nil : tally.benign.share * 100)
        return figure(
            "scorecard.balanced.\(tally.corpus)", ours, "share", ours > best, "bar > \(rounded(best * 100)) %")
    }

    private func figure(_ name: String, _ value: Double, _ unit: String, _ isMet: Bool, _ bar: String) -> String {
        "figure \(name) \(String(format: "%.5f", value)) \(unit) (\(bar)) \(isMet ? "ok" : "short")"
    }
}
