import Core
import Inspection
import JSON
import ServiceKit

/// A route as the gateway understood it, every default written out. Values of fields that carry secrets are masked.
extension Route {
    var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["hosts"] = hosts.isEmpty ? "*" : .array(hosts.map { .string($0) })
        object["path"] = .string(path.text)
        object["methods"] = methods.isEmpty ? "*" : .array(methods.map { .string($0) })
        if !fields.isEmpty { object["headers"] = .array(fields.map(\.json)) }
        if let answer { object["answer"] = answer.json } else { object["upstream"] = .string(upstream) }
        if let requiredRole { object["required_role"] = .string(requiredRole) }
        if let requiredScope { object["required_scope"] = .string(requiredScope) }
        if isChallenged { object["challenge"] = true }
        object["body_limit"] = .string(bodyLimit.description)
        object["timeout"] = .string(DurationText.format(timeout))
        object["inspection"] = inspectionJSON
        if let rewrite { object["rewrite"] = .string(rewrite.text) }
        if let upstreamHost { object["upstream_host"] = .string(upstreamHost) }
        if !requestFields.isEmpty { object["request_headers"] = requestFields.json }
        if !responseFields.isEmpty { object["response_headers"] = responseFields.json }
        if !protection.isEmpty { object["security_headers"] = .array(protection.map(\.json)) }
        if let compression { object["compression"] = compression.json }
        if let hiddenLinks { object["labyrinth_links"] = .string(hiddenLinks.below) }
        if tellsTiming { object["server_timing"] = true }
        if let cache { object["cache"] = cache.json }
        return .object(object)
    }

    private var inspectionJSON: JSONValue {
        var object = JSONObject()
        object["mode"] = .string(inspection.rawValue)
        object["block_above"] = .number(blockAbove)
        object["alert_above"] = .number(alertAbove)
        if !asksRuleSet { object["core_rule_set"] = .bool(false) }
        if !exclusions.isEmpty {
            object["exclude"] = .array(
                exclusions.map { exclusion in
                    var entry = JSONObject()
                    entry["rule"] = exclusion.rule.map { .string($0) }
                    entry["parameter"] = exclusion.parameter.map { .string($0) }
                    return .object(entry)
                })
        }
        return .object(object)
    }
}

extension FieldCondition {
    fileprivate var json: JSONValue {
        switch test {
        case .present: .string("\(name) is there")
        case .absent: .string("\(name) is not there")
        case .exactly(let text): .string("\(name) is \(MaskedField.value(of: name, text))")
        }
    }
}

extension RouteAnswer {
    fileprivate var json: JSONValue {
        switch self {
        case .redirect(let status, let template):
            ["status": .integer(Int64(status)), "redirect": .string(template.text)]
        case .fixed(let status, let type, let body):
            [
                "status": .integer(Int64(status)), "content_type": .string(type),
                "bytes": .integer(Int64(body.count)),
            ]
        }
    }
}

extension FieldEdits {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        if !removed.isEmpty { object["remove"] = .array(removed.map { .string($0) }) }
        for (key, list) in [("set", set), ("add", added)] where !list.isEmpty {
            object[key] = .array(list.map { .string("\($0.name): \(MaskedField.value(of: $0.name, $0.value))") })
        }
        return .object(object)
    }
}

extension ProtectiveField {
    fileprivate var json: JSONValue {
        .string("\(name): \(value)\(replaces ? "" : " (unless the upstream says otherwise)")")
    }
}

extension CompressionPolicy {
    fileprivate var json: JSONValue {
        [
            "codings": .array(codings.map { .string($0.rawValue) }), "minimum": .string(minimum.description),
            "gzip_level": .integer(Int64(gzipLevel)), "brotli_level": .integer(Int64(brotliLevel)),
            "types": .array(types.map { .string($0) }),
        ]
    }
}

extension CachePolicy {
    fileprivate var json: JSONValue {
        [
            "largest": .string(largestAnswer.description),
            "fresh_for": freshFor.map { .string(DurationText.format($0)) } ?? "what the answer says",
            "stale_while_revalidate": .string(DurationText.format(staleWhileRevalidate)),
            "stale_if_error": .string(DurationText.format(staleIfError)),
            "key_headers": .array(keyFields.map { .string($0) }), "cookies": .string(cookies.rawValue),
            "coalesce": .bool(coalesces),
        ]
    }
}

/// A field that a route sets may be a credential of the upstream.
enum MaskedField {
    private static let telling = ["authorization", "cookie", "token", "secret", "password", "key", "credential"]

    static func value(of name: String, _ value: String) -> String {
        let name = name.lowercased()
        return telling.contains { name.contains($0) } ? "(secret)" : value
    }
}
