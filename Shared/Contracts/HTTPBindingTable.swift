internal import Core

/// Finds the RPC that an HTTP request under `/v1/` asks for.
package struct HTTPBindingTable: Sendable {
    package enum Match: Sendable {
        case found(HTTPBinding, pathParameters: [String: String])
        /// The path exists, but not with this method.
        case wrongMethod(allowed: [String])
        case unknownPath
    }

    private struct Entry: Sendable {
        let binding: HTTPBinding
        let segments: [Segment]
    }

    private enum Segment: Sendable {
        case literal(String)
        case parameter(String)
    }

    private let entries: [Entry]

    package init(_ bindings: [HTTPBinding] = ContractRegistry.httpBindings) {
        entries = bindings.map { binding in
            let segments = binding.pathTemplate.split(separator: "/").map { segment -> Segment in
                segment.hasPrefix("{") ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
            }
            return Entry(binding: binding, segments: segments)
        }
    }

    /// `path` is the request's, not decoded, without its query.
    package func match(method: String, path: String) -> Match {
        guard path.utf8.count <= 1_024, path.hasPrefix("/") else { return .unknownPath }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var allowed: [String] = []
        for entry in entries {
            guard let parameters = Self.parameters(of: entry.segments, in: segments) else { continue }
            if entry.binding.verb.rawValue == method { return .found(entry.binding, pathParameters: parameters) }
            allowed.append(entry.binding.verb.rawValue)
        }
        return allowed.isEmpty ? .unknownPath : .wrongMethod(allowed: allowed)
    }

    private static func parameters(of template: [Segment], in segments: [Substring]) -> [String: String]? {
        guard template.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (expected, segment) in zip(template, segments) {
            switch expected {
            case .literal(let text):
                guard segment == text else { return nil }
            case .parameter(let name):
                guard !segment.isEmpty, let value = percentDecoded(segment) else { return nil }
                parameters[name] = value
            }
        }
        return parameters
    }

    private static func percentDecoded(_ segment: Substring) -> String? {
        guard segment.contains("%") else { return String(segment) }
        var decoded: [UInt8] = []
        var rest = Array(segment.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let octet = Hex.decode(rest.prefix(2)), octet.count == 1 else { return nil }
                decoded.append(octet[0])
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }
}
