@testable import Inspection

/// A Content-Type up to the first line's end, and a multipart: read by both engines, and cut into windows.
enum MultipartFuzzing {
    static func read(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0x0a, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        let (type, body) = (Array(parts[0]), Array(parts[1]))
        builtIn(body, type)
        ruleSet(body, type)
        windows(body, type)
    }

    private static func builtIn(_ body: [UInt8], _ type: [UInt8]) {
        guard let boundary = Multipart.boundary(ofContentType: type.span) else { return }
        var table = ValueTable()
        table.reset(.standard)
        Multipart.parse(body.span, boundary: type.span.extracting(boundary), into: &table)
        for value in table.values {
            precondition(value.bytes.upperBound <= table.bytes.count && value.name.upperBound <= table.bytes.count)
        }
    }

    private static func ruleSet(_ body: [UInt8], _ type: [UInt8]) {
        var values = SecLangValues()
        values.reset(.standard)
        FormDataParts.parse(body.span, contentType: type.span, into: &values)
        for value in values.values {
            precondition(value.bytes.upperBound <= values.bytes.count && value.name.upperBound <= values.bytes.count)
        }
    }

    /// The windows do not depend on how the body came.
    private static func windows(_ body: [UInt8], _ type: [UInt8]) {
        let middle = body.count / 3
        let whole = cut([body], type)
        precondition(whole == cut([Array(body[..<middle]), Array(body[middle...])], type))
        precondition(whole.reduce(0) { $0 + $1.count } <= body.count * 3 + BodyWindows.smallest * 2)
    }

    private static func cut(_ pieces: [[UInt8]], _ type: [UInt8]) -> [[UInt8]] {
        var windows = BodyWindows(contentType: type, size: BodyWindows.smallest)
        var all: [[UInt8]] = []
        for piece in pieces { all += windows.take(piece) }
        return all + (windows.finish().map { [$0] } ?? [])
    }
}
