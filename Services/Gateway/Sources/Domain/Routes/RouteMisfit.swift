/// Why a route does not take a request; the first reason that holds.
package enum RouteMisfit: Sendable, Equatable, CustomStringConvertible {
    case host
    case path
    case method([String])
    case field(FieldCondition)

    package var description: String {
        switch self {
        case .host: "it takes other hosts"
        case .path: "it takes other paths"
        case .method(let methods): "it takes only \(methods.joined(separator: ", "))"
        case .field(let condition):
            switch condition.test {
            case .present: "the field \(condition.name) is missing"
            case .absent: "the field \(condition.name) is there"
            case .exactly(let text): "the field \(condition.name) is not \(text)"
            }
        }
    }
}

extension Route {
    /// Nil when the route takes the request. For explanations: the table itself never asks route by route.
    package func misfit(
        host: String, method: String, path: RequestPath, holds: (FieldCondition) -> Bool
    ) -> RouteMisfit? {
        let wild = "*" + host.drop { $0 != "." }
        guard hosts.isEmpty || hosts.contains(host) || (!host.hasPrefix(".") && hosts.contains(wild)) else {
            return .host
        }
        guard self.path.takes(path) else { return .path }
        guard methods.isEmpty || methods.contains(method) else { return .method(methods) }
        return fields.first { !holds($0) }.map { .field($0) }
    }
}

extension RoutePattern {
    func takes(_ path: RequestPath) -> Bool {
        var rest = path.bytes
        for segment in segments {
            guard rest.first == UInt8(ascii: "/") else { return false }
            let value = rest.dropFirst().prefix { $0 != UInt8(ascii: "/") }
            switch segment {
            case .literal(let bytes): guard value == bytes[...] else { return false }
            case .parameter: guard !value.isEmpty else { return false }
            }
            rest = rest[value.endIndex...]
        }
        switch end {
        case .whole: return rest.isEmpty
        case .below: return !rest.isEmpty
        case .tail: return true
        }
    }
}
