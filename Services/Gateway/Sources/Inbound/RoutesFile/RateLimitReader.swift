import Core
import ServiceKit

/// `rate_limits: [{ requests: 100, per: 1m, burst: 20, by: [address], name: per-client }]`
enum RateLimitReader {
    static func read(_ section: FileSection, _ route: inout Route) {
        let sections = section.sections("rate_limits", of: "a rate limit", 0...8)
        route.rateLimits = sections.enumerated().compactMap { limit($1, default: "limit-\($0 + 1)") }
        let names = route.rateLimits.map(\.name)
        if Set(names).count != names.count {
            section.report("two limits have one name; give each its own", at: "rate_limits")
        }
    }

    private static func limit(_ section: FileSection, default name: String) -> RateLimit? {
        defer { section.end() }
        let parts = section.has("by") ? parts(section) : [.address]
        let name = section.text("name", upTo: 64) ?? name
        if !name.utf8.allSatisfy({ $0 | 0x20 &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2d || $0 == 0x5f }) {
            section.report(
                "name is \(quoted(name)); it goes into header fields: use letters, digits, - and _", at: "name")
        }
        guard let requests = section.integer("requests", in: 1...10_000_000),
            let period = section.duration("per", in: .seconds(1) ... .seconds(86_400))
        else {
            if !section.has("requests") || !section.has("per") {
                section.report("a limit says how many requests, and per what time: requests: 100, per: 1m")
            }
            return nil
        }
        let burst = section.integer("burst", in: 1...10_000_000)
        let isAdaptive = section.flag("adaptive") ?? false
        return RateLimit(
            name: name, requests: requests, period: period, burst: burst, by: parts, isAdaptive: isAdaptive)
    }

    private static func parts(_ section: FileSection) -> [RateLimit.Part] {
        section.texts("by", upTo: 4).compactMap { text in
            switch text {
            case "address": return .address
            case "user": return .user
            case "host": return .host
            case "path": return .path
            case "everybody": return .everybody
            default:
                if text.hasPrefix("header:"), text.utf8.count > 7 { return .header(String(text.dropFirst(7))) }
                section.report(
                    "\(quoted(text)) is nothing to count by; use address, user, host, path, everybody, or header:NAME",
                    at: "by")
                return nil
            }
        }
    }
}
