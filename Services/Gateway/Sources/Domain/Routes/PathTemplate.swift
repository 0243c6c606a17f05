/// A path or address made of fixed text and of pieces of the request: `/v2/users/{id}{rest}`.
///
/// Pieces of the path are those of the form routes are matched in, still escaped, so that nothing a client writes can
/// begin another host, a query or a field.
package struct PathTemplate: Sendable, Equatable {
    package enum Piece: Sendable, Equatable {
        case text(String)
        /// What stood for `{name}` in the route's path.
        case parameter(Int)
        /// What follows the segments the route's path names: empty, or a slash and the rest.
        case rest
        case path
        /// `?` and the query; empty without one.
        case query
        case host
        case scheme
    }

    package let pieces: [Piece]
    package let text: String

    /// Of a request whose path is being rewritten.
    package static let forPaths: Set<String> = ["rest", "path"]
    package static let forTargets: Set<String> = ["rest", "path", "query", "host", "scheme"]

    /// Throws the name that is none.
    package init(_ text: String, for pattern: RoutePattern, pieces allowed: Set<String>) throws(UnknownPiece) {
        let parameters = pattern.parameters
        var pieces: [Piece] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            if open != rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            guard let close = rest[open...].firstIndex(of: "}") else { throw UnknownPiece(name: String(rest[open...])) }
            let name = String(rest[rest.index(after: open)..<close])
            guard let piece = Self.piece(name, parameters, allowed) else { throw UnknownPiece(name: name) }
            pieces.append(piece)
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.pieces = pieces
        self.text = text
    }

    package struct UnknownPiece: Error, Equatable { package let name: String }

    private static func piece(_ name: String, _ parameters: [String], _ allowed: Set<String>) -> Piece? {
        if let index = parameters.firstIndex(of: name) { return .parameter(index) }
        guard allowed.contains(name) else { return nil }
        switch name {
        case "rest": return .rest
        case "path": return .path
        case "query": return .query
        case "host": return .host
        case "scheme": return .scheme
        default: return nil
        }
    }

    package struct Source: Sendable {
        package var path: RequestPath
        package var query: ArraySlice<UInt8>
        package var host: String
        package var isSecure: Bool

        package init(path: RequestPath, query: ArraySlice<UInt8> = [], host: String = "", isSecure: Bool = false) {
            (self.path, self.query, self.host, self.isSecure) = (path, query, host, isSecure)
        }
    }

    package func fill(_ source: Source, of pattern: RoutePattern) -> [UInt8] {
        let captured = pattern.captures(in: source.path)
        var result: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .text(let text): result += text.utf8
            case .parameter(let index): result += index < captured.parameters.count ? captured.parameters[index] : []
            case .rest: result += captured.rest
            case .path: result += source.path.bytes
            case .query: result += source.query
            case .host: result += source.host.utf8
            case .scheme: result += (source.isSecure ? "https" : "http").utf8
            }
        }
        return result
    }

    /// As the target of a redirect: two slashes at its beginning would be another host, and what stands for them can
    /// only have come from the path.
    package func fillTarget(_ source: Source, of pattern: RoutePattern) -> [UInt8] {
        let filled = fill(source, of: pattern)
        guard filled.starts(with: "//".utf8) else { return filled }
        return [UInt8(ascii: "/")] + filled.drop { $0 == UInt8(ascii: "/") }
    }

    /// Whether as a target of a redirect it says itself which host is meant: nothing that a client writes into a path
    /// stands in the place of a scheme or host.
    package var isSafeTarget: Bool {
        let outline = pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .parameter: "\u{0}"
            case .rest, .path: "/"
            case .query: "?"
            case .host: "host"
            case .scheme: "https"
            }
        }.joined()
        if case .text(let text) = pieces.first, text.hasPrefix("//") { return false }
        if outline.hasPrefix("/") { return true }
        guard let scheme = ["https://", "http://"].first(where: { outline.hasPrefix($0) }) else { return false }
        let host = outline.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        return !host.isEmpty && !host.contains("\u{0}")
    }

    /// As a path: it begins with one slash.
    package func fillPath(_ path: RequestPath, of pattern: RoutePattern) -> [UInt8] {
        let filled = fill(Source(path: path), of: pattern)
        let body = filled.drop { $0 == UInt8(ascii: "/") }
        return [UInt8(ascii: "/")] + body
    }
}

extension RoutePattern {
    /// What the parameters stood for, and what is left; for a path that this pattern takes.
    package func captures(in path: RequestPath) -> (parameters: [ArraySlice<UInt8>], rest: ArraySlice<UInt8>) {
        var parameters: [ArraySlice<UInt8>] = []
        var rest = path.bytes
        for segment in segments {
            let inner = rest.dropFirst()
            let value = inner.prefix { $0 != UInt8(ascii: "/") }
            if case .parameter = segment { parameters.append(value) }
            rest = inner[value.endIndex...]
        }
        return (parameters, rest)
    }
}

extension PathTemplate {
    private init(_ pieces: [Piece], _ text: String) { (self.pieces, self.text) = (pieces, text) }

    package static let rest = PathTemplate([.rest], "{rest}")
    package static let path = PathTemplate([.path], "{path}")

    /// What the route's path names, replaced by `prefix`.
    package init(prefix: String) { self.init([.text(prefix), .rest], "\(prefix){rest}") }
}
