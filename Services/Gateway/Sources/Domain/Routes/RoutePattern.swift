/// Which paths a route takes, as the routes file writes it:
///
/// - `/shop` that path and everything below it: `/shop`, `/shop/cart`, not `/shopping`
/// - `/shop/` only what is below it
/// - `=/shop` that path and no other
/// - `/users/{id}` with any one segment in the place of each `{name}`, and no other
/// - `/users/{id}/*` the same, and everything below it
package struct RoutePattern: Sendable, Hashable {
    package enum Segment: Sendable, Hashable {
        case literal([UInt8])
        case parameter(String)
    }

    /// What may follow the last segment; the higher value is the more specific pattern.
    package enum End: Int, Sendable, Hashable {
        /// Nothing, or `/` and anything.
        case tail
        /// `/` and anything.
        case below
        /// Nothing.
        case whole
    }

    package let segments: [Segment]
    package let end: End
    package let text: String

    package static let everything = RoutePattern(segments: [], end: .below, text: "/")

    private init(segments: [Segment], end: End, text: String) {
        (self.segments, self.end, self.text) = (segments, end, text)
    }

    /// Throws what is wrong with it.
    package init(_ text: String) throws(RoutePatternFailure) {
        let isExact = text.hasPrefix("=")
        var path = isExact ? text.dropFirst() : text[...]
        guard path.hasPrefix("/"), !path.contains("?"), !path.contains("#") else { throw .notAPath }
        let takesTail = !isExact && path.hasSuffix("/*")
        if takesTail { path = path.dropLast(2) }
        let isTemplate = !isExact && path.contains("{")
        guard let normal = RequestPath(String(path)), path.isEmpty || normal.text == path
        else { throw .notNormal }
        let endsInSlash = path.hasSuffix("/")
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        if endsInSlash && !isExact && !isTemplate { parts.removeLast() }
        segments = try parts.map { (part) throws(RoutePatternFailure) in
            try isExact ? .literal(Array(part.utf8)) : Segment(part)
        }
        end = isExact || (isTemplate && !takesTail) ? .whole : endsInSlash && !takesTail ? .below : .tail
        self.text = text
        let names = parameters
        guard Set(names).count == names.count else { throw .nameTwice }
    }

    package var parameters: [String] {
        segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }

    /// From the left, at the first difference: a literal segment before `{name}` before an end; of two ends a whole path
    /// before `/…` before a tail. Compares only patterns that take the same path.
    package func isMoreSpecific(than other: RoutePattern) -> Bool {
        for (left, right) in zip(segments, other.segments) {
            if case .literal = left, case .parameter = right { return true }
            if case .parameter = left, case .literal = right { return false }
        }
        if segments.count != other.segments.count { return segments.count > other.segments.count }
        return end.rawValue > other.end.rawValue
    }
}

package enum RoutePatternFailure: Error, Sendable, CustomStringConvertible {
    case notAPath, notNormal, nameTwice, badParameter

    package var description: String {
        switch self {
        case .notAPath: "it has to begin with / (or =/ for exactly that path) and hold no query"
        case .notNormal: "it is never matched; write it without escapes of plain characters, .., //, \\ and ;"
        case .nameTwice: "it has two parameters of one name; name them differently"
        case .badParameter: "a parameter is a whole segment, such as {id}: letters, digits and _ between braces"
        }
    }
}

extension RoutePattern.Segment {
    fileprivate init(_ text: String) throws(RoutePatternFailure) {
        guard text.contains("{") || text.contains("}") || text.contains("*") else {
            self = .literal(Array(text.utf8))
            return
        }
        let name = text.dropFirst().dropLast()
        guard text.hasPrefix("{"), text.hasSuffix("}"), !name.isEmpty, name.utf8.count <= 32,
            name.utf8.allSatisfy({ $0 &- 0x30 < 10 || $0 | 0x20 &- 0x61 < 26 || $0 == 0x5f })
        else { throw .badParameter }
        self = .parameter(String(name))
    }
}
