internal import Synchronization

/// Method and path to handler, for admin ports and internal servers: small tables, known at start.
///
/// A template is literal segments and `{name}` for any one segment: `/v1/things/{id}`. Literal beats `{name}`. GET also
/// answers HEAD. An unknown path is 404, a known path with another method 405 with `Allow`.
package final class HTTPRouter: HTTPHandler {
    package typealias Work = @Sendable (HTTPRoutedRequest, HTTPResponseWriter) async throws -> Void

    private struct Entry: Sendable {
        var method: HTTPMethod
        var template: PathTemplate
        var work: Work
    }

    private let entries = Mutex<[Entry]>([])

    package init() {}

    /// Add every route before the server starts; a second one for the same method and template takes its place.
    package func add(_ method: HTTPMethod, _ template: String, _ work: @escaping Work) {
        let template = PathTemplate(template)
        entries.withLock { entries in
            entries.removeAll { $0.method == method && $0.template == template }
            entries.append(Entry(method: method, template: template, work: work))
            entries.sort { $0.template.literals > $1.template.literals }
        }
    }

    package func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        let segments = PathTemplate.segments(of: request.head.path)
        let matches = entries.withLock { entries in
            entries.compactMap { entry in entry.template.match(segments).map { (entry.method, entry.work, $0) } }
        }
        guard !matches.isEmpty else {
            return try await response.respond(Problem(.notFound, detail: "There is nothing at this path."))
        }
        let method = request.head.method
        guard let (_, work, parameters) = matches.first(where: { $0.0 == method || ($0.0 == .get && method == .head) })
        else {
            let allowed = matches.map(\.0.description).joined(separator: ", ")
            return try await response.respond(
                Problem(.methodNotAllowed, detail: "This path answers \(allowed)."), headers: ["Allow": allowed])
        }
        try await work(HTTPRoutedRequest(request: request, parameters: parameters), response)
    }
}

package struct HTTPRoutedRequest: Sendable {
    package let request: HTTPServerRequest
    /// What stood for each `{name}`, percent-decoded.
    package let parameters: [String: String]
}

/// `/v1/things/{id}` taken apart.
package struct PathTemplate: Sendable, Hashable {
    private let parts: [String]

    package init(_ text: String) { parts = Self.segments(of: text) }

    package static func segments(of path: String) -> [String] {
        path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    }

    package var literals: Int { parts.count { !$0.hasPrefix("{") } }

    /// The parameters by name, nil when `segments` do not fit.
    package func match(_ segments: [String]) -> [String: String]? {
        guard segments.count == parts.count else { return nil }
        var parameters: [String: String] = [:]
        for (part, segment) in zip(parts, segments) {
            if part.hasPrefix("{") {
                guard let value = PercentEncoding.decode(segment) else { return nil }
                parameters[String(part.dropFirst().dropLast())] = value
            } else if part != segment {
                return nil
            }
        }
        return parameters
    }
}
