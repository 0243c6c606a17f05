internal import Foundation

/// The tallies as tables for people (`docs/scorecard.md`) and as figure lines for scripts.
struct Report {
    /// The sets whose found attacks are averaged, and those whose refusals are.
    private static let averaged = ["gotestwaf", "wafbypass", "libinjection", "httpparams", "payload-lists"]

    /// The share of honest requests that may be refused, where it is not one in a thousand. The last three are the sets of
    /// `make scorecard`'s second half, of which code is only counted.
    private static let strictBars = ["webhooks": 0, "web": 0, "prose": 0.0003, "code": 1]

    /// One set: the figures that count, and the same without a model and with the one that ships.
    struct Row {
        var counted: Tally
        var withoutModel: Tally?
        var withShipped: Tally?
    }

    var rows: [Row]
    /// ModSecurity's by set and paranoia level, where they were measured.
    var levels: [String: [Int: Peers.Result]] = [:]

    private var tallies: [Tally] { rows.map(\.counted) }

    var markdown: String {
        var lines = [
            "# Scorecard", "",
            "What the built-in engine blocks (score above 0.8), per set of labelled requests; written by `make scorecard`.",
            "The sets are third parties' data and stand beside the checkout, not in it. Where a learned model takes part, each",
            "set is judged with one that was trained without it. Beside it nginx with libmodsecurity 3.0.9 at paranoia level",
            "1, found % / refused % → balanced accuracy, measured by replay.", "",
            "| set | attacks | found % | honest | refused % | balanced | µs/request | "
                + Peers.names.joined(separator: " | ") + " |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
                + String(repeating: " ---: |", count: Peers.names.count),
        ]
        lines += tallies.map(row) + levelTable + modelTable
        lines += ["", "## By category", "", "Attacks found, of all.", ""]
        lines += list(\.categories)
        let honest = list(\.honestKinds)
        if !honest.isEmpty { lines += ["", "Honest requests refused, of all.", ""] + honest }
        lines += ["", "## Bars", ""] + figures.map { "    \($0)" } + [""]
        return lines.joined(separator: "\n")
    }

    private func list(_ counts: KeyPath<Tally, [String: Tally.Count]>) -> [String] {
        tallies.filter { !$0[keyPath: counts].isEmpty }.map { tally in
            let parts = tally[keyPath: counts].sorted { $0.key < $1.key }.map {
                "\($0.key) \($0.value.blocked)/\($0.value.all)"
            }
            return "- **\(tally.corpus)**: " + parts.joined(separator: ", ")
        }
    }

    private func row(_ tally: Tally) -> String {
        let peers = Peers.names.indices.map { index -> String in
            guard let result = Peers.results[tally.corpus]?[index] else { return "–" }
            return cell(result)
        }
        let cells = [
            tally.corpus, "\(tally.attacks.all)", percent(tally.attacks), "\(tally.benign.all)", percent(tally.benign),
            rounded(tally.balanced), rounded(tally.microseconds),
        ]
        return "| " + (cells + peers).joined(separator: " | ") + " |"
    }

    private func cell(_ result: Peers.Result) -> String {
        func number(_ value: Double?) -> String { value.map { String(format: "%.1f", $0) } ?? "–" }
        return "\(number(result.found)) / \(number(result.refused)) → \(rounded(result.balanced))"
    }

    /// Ours beside ModSecurity's at every paranoia level.
    private var levelTable: [String] {
        let measured = tallies.filter { levels[$0.corpus] != nil }
        guard !measured.isEmpty else { return [] }
        let heading = [
            "", "## Beside ModSecurity at every paranoia level", "",
            "libmodsecurity 3 with Debian's Core Rule Set 3.3.4 in process, found % / refused % → balanced accuracy; of each",
            "set a sample of at most 1,200 attacks and as many honest requests, always the same (ours: all of the set).",
            "Written down by `make scorecard PEER=1`.", "",
            "| set | balanced, ours | level 1 | level 2 | level 3 | level 4 |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        return heading
            + measured.map { tally in
                let theirs = (1...4).map { level in levels[tally.corpus]?[level].map(cell) ?? "–" }
                return "| " + ([tally.corpus, rounded(tally.balanced)] + theirs).joined(separator: " | ") + " |"
            }
    }

    /// What the learned model changes: without one, with one that has not seen the set, with the one that ships.
    private var modelTable: [String] {
        guard rows.contains(where: { $0.withoutModel != nil }) else { return [] }
        let heading = [
            "", "## What the model changes", "",
            "Requests blocked and alerted on (score above 0.5): by rules and grammars alone; with a model trained without the",
            "set; with the model that ships, which has seen it. The middle one is the honest figure.", "",
            "| set | attacks blocked | honest blocked | attacks alerted | honest alerted |",
            "| --- | --- | --- | --- | --- |",
        ]
        return heading
            + rows.map { row in
                let all = [row.withoutModel, row.counted, row.withShipped].compactMap { $0 }
                let cells = [\Tally.attacks.blocked, \.benign.blocked, \.attacks.alerted, \.benign.alerted].map {
                    count in
                    all.map { "\($0[keyPath: count])" }.joined(separator: " / ")
                }
                return "| " + ([row.counted.corpus] + cells).joined(separator: " | ") + " |"
            }
    }

    private func percent(_ count: Tally.Count) -> String { count.all == 0 ? "–" : rounded(count.share * 100) }

    private func rounded(_ value: Double) -> String { String(format: "%.2f", value) }

    var figures: [String] {
        let found = tallies.filter { Self.averaged.contains($0.corpus) }.map(\.attacks.share)
        let mean = found.reduce(0, +) / Double(max(1, found.count))
        var lines =
            found.isEmpty ? [] : [figure("scorecard.found", mean, "share", mean >= 0.85, "bar >= 0.85, aim 0.95")]
        for tally in tallies where tally.benign.all > 0 {
            let bar = Self.strictBars[tally.corpus] ?? 0.001
            lines.append(
                figure(
                    "scorecard.refused.\(tally.corpus)", tally.benign.share, "share", tally.benign.share <= bar,
                    "bar <= \(bar)"))
        }
        for tally in tallies where tally.corpus == "disguised" {
            let share = tally.attacks.share
            lines.append(figure("scorecard.found.disguised", share, "share", share >= 0.99, "bar >= 0.99"))
        }
        return lines + tallies.compactMap(comparison)
    }

    /// Our balanced accuracy beside the best peer's at its best level; one half alone counts where a set has but one.
    private func comparison(_ tally: Tally) -> String? {
        let theirs = (Peers.results[tally.corpus] ?? []) + (levels[tally.corpus].map { Array($0.values) } ?? [])
        guard let best = theirs.map(\.balanced).max() else { return nil }
        return figure(
            "scorecard.balanced.\(tally.corpus)", tally.balanced / 100, "share", tally.balanced > best,
            "bar > \(rounded(best)) %")
    }

    private func figure(_ name: String, _ value: Double, _ unit: String, _ isMet: Bool, _ bar: String) -> String {
        "figure \(name) \(String(format: "%.5f", value)) \(unit) (\(bar)) \(isMet ? "ok" : "short")"
    }
}
