/// Cuts a body that comes in pieces into windows, each a body of the same kind that can be judged by itself: so all of a
/// large body is judged while no more than a window of it is kept.
///
/// Windows end where the body's kind lets them: between the pairs of a form, the values of a JSON text, the parts of a
/// multipart. A value longer than a window is cut in the middle, and its parts overlap, so that nothing hides on an edge.
/// Of files in a multipart only the beginning is judged: what programs do with the rest cannot be seen from here.
package struct BodyWindows: Sendable {
    package static let smallest = 4 << 10
    /// How much of a value that is cut stands in both windows.
    static let overlap = 512

    private enum Kind: Sendable {
        case form
        case json(JSONWindow)
        case multipart(MultipartWindow)
        case other
    }

    private let size: Int
    private var kind: Kind
    private var pending: [UInt8] = []

    package init(contentType: [UInt8], size: Int) {
        self.size = max(size, Self.smallest)
        let type = contentType.span
        if type.hasPrefix("multipart/", at: 0), !Multipart.isAmbiguous(contentType: type),
            let boundary = Multipart.boundary(ofContentType: type)
        {
            kind = .multipart(MultipartWindow(boundary: Array(contentType[boundary])))
        } else if type.contains("json") {
            kind = .json(JSONWindow())
        } else if type.hasPrefix("application/x-www-form-urlencoded", at: 0) {
            kind = .form
        } else {
            kind = .other
        }
    }

    /// The windows that these bytes complete.
    package mutating func take(_ piece: [UInt8]) -> [[UInt8]] {
        var windows: [[UInt8]] = []
        switch kind {
        case .json(var json):
            // Taken out, so that it is not copied.
            kind = .other
            json.take(piece, size, into: &windows)
            kind = .json(json)
        case .multipart(var parts):
            kind = .other
            parts.take(piece, size, into: &windows)
            kind = .multipart(parts)
        case .form, .other:
            pending += piece
            while pending.count >= size { windows.append(cut()) }
        }
        return windows
    }

    /// What is left at the end; nil for nothing, and from then on.
    package mutating func finish() -> [UInt8]? {
        defer { kind = .other }
        switch kind {
        case .json(var json): return json.close()
        case .multipart(var parts): return parts.finish()
        case .form, .other:
            defer { pending = [] }
            return pending.isEmpty ? nil : pending
        }
    }

    private mutating func cut() -> [UInt8] {
        if case .form = kind, let end = pending[..<size].lastIndex(of: UInt8(ascii: "&")), end > 0 {
            defer { pending.removeFirst(end + 1) }
            return Array(pending[..<end])
        }
        let window = Array(pending[..<size])
        var start = size - Self.overlap
        // Not in the middle of an escape.
        while start > size - Self.overlap - 2, pending[(start - 2)..<start].contains(UInt8(ascii: "%")) { start -= 1 }
        var name: ArraySlice<UInt8> = []
        if case .form = kind, let equals = pending[..<256].firstIndex(of: UInt8(ascii: "=")) {
            name = pending[...equals]
        }
        pending = Array(name + pending[start...])
        return window
    }
}
