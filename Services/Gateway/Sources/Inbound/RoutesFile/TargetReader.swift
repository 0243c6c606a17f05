import Core
import HTTP
import ServiceKit

/// Where a route leads: an upstream, or a split of several, and a mirror.
///
///     upstream: shop                              # a name under upstreams, or an address
///     split:                                      # instead: the first is the one known to work
///       sides: [{ upstream: shop, weight: 95 }, { upstream: shop-next, weight: 5 }]
///       sticky: true
///       rollback: { minimum_requests: 100, window: 60s, error_margin: 0.01, latency_ratio: 1.5 }   # or: off
///     mirror: { upstream: shop-test, share: 0.1 }
struct TargetReader {
    private static let mostSides = 8

    let upstreams: [String: Upstream]
    /// Those that the route names by their addresses.
    private(set) var implicit: [Upstream] = []
    private(set) var upstream = ""
    private(set) var split: TrafficSplit?
    private(set) var mirror: TrafficMirror?

    init(_ section: FileSection, upstreams: [String: Upstream], isNeeded: Bool) {
        self.upstreams = upstreams
        guard isNeeded else {
            for key in ["upstream", "split", "mirror"] where section.has(key) {
                section.report("the route answers by itself; remove \(key), or redirect or respond", at: key)
            }
            return
        }
        if let node = section["split"] {
            split = split(FileSection(node, "split", section.problems), of: section)
            if section.has("upstream") {
                section.report("the route has an upstream and a split; keep one of them", at: "upstream")
            }
        }
        upstream = split.flatMap { $0.arms.first?.upstream } ?? (section.has("split") ? "" : name(section) ?? "")
        mirror = section.section("mirror").map { mirror($0) }
    }

    private mutating func split(_ section: FileSection, of route: FileSection) -> TrafficSplit? {
        var split = TrafficSplit(arms: [])
        for side in section.sections("sides", of: "a side with upstream and weight", 2...Self.mostSides) {
            let weight = side.integer("weight", in: 0...1_000_000)
            if weight == nil && !side.has("weight") { side.report("the side has no weight; write weight: 5") }
            if let name = name(side) { split.arms.append(TrafficSplit.Arm(upstream: name, weight: weight ?? 0)) }
            side.end()
        }
        if split.arms.count > 1 && split.arms.allSatisfy({ $0.weight == 0 }) {
            section.report("every side has weight 0; give at least one a share", at: "sides")
        }
        if let isSticky = section.flag("sticky") { split.isSticky = isSticky }
        rollback(section, &split)
        if !route.has("name") { section.report("a route with a split needs a name, by which it is reported") }
        section.end()
        return split.arms.count > 1 ? split : nil
    }

    private func rollback(_ section: FileSection, _ split: inout TrafficSplit) {
        guard let node = section["rollback"] else { return }
        guard node.entries != nil else {
            if node.text == "off" || node.boolean == false {
                split.rollback = nil
            } else {
                section.report("rollback has to be off or a mapping of keys", at: "rollback")
            }
            return
        }
        var policy = RollbackPolicy()
        let rollback = FileSection(node, "rollback", section.problems)
        if let count = rollback.integer("minimum_requests", in: 20...1_000_000) { policy.minimumRequests = count }
        if let window = rollback.duration("window", in: .seconds(1) ... .seconds(3_600)) { policy.window = window }
        if let margin = rollback.number("error_margin", in: 0.001...1) { policy.errorMargin = margin }
        if let ratio = rollback.number("latency_ratio", in: 1.05...100) { policy.latencyRatio = ratio }
        rollback.end()
        split.rollback = policy
    }

    private mutating func mirror(_ section: FileSection) -> TrafficMirror {
        var mirror = TrafficMirror(upstream: name(section) ?? "")
        if let share = section.number("share", in: 0...1) { mirror.share = share }
        section.end()
        return mirror
    }

    /// By its name, or by an address, which is an upstream of its own with that name.
    private mutating func name(_ section: FileSection) -> String? {
        guard let text = section.text("upstream") else {
            if !section.has("upstream") {
                section.report("\(section.name) has no upstream; give it one, such as upstream: 127.0.0.1:9000")
            }
            return nil
        }
        if upstreams[text] != nil { return text }
        if !UpstreamReader.isName(text), HTTPEndpoint(upstream: text) != nil {
            implicit.append(Upstream(name: text, endpoints: [text]))
            return text
        }
        let hint = nearest(to: text, among: upstreams.keys).map { "did you mean \($0)? Otherwise " } ?? ""
        section.report(
            "upstream \(quoted(text)) is no name under upstreams and no address; \(hint)write host:port, "
                + "http://host:port, https://host or unix:/path", at: "upstream")
        return nil
    }
}
