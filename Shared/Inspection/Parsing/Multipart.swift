internal import PatternMatching

/// `multipart/form-data` (RFC 7578), as much as judging needs: fields become arguments, files give their name and the
/// first bytes of their content.
enum Multipart {
    private static let maximumParts = 256
    private static let maximumFileBytes = 4 << 10

    /// The boundary parameter of a Content-Type, with or without quotes; nil if there is none of a permitted length.
    static func boundary(ofContentType value: Span<UInt8>) -> Range<Int>? {
        guard let found = HeaderParameters.value(of: "boundary", in: value) else { return nil }
        var end = found.upperBound
        while end > found.lowerBound, value[end - 1] <= 0x20 { end -= 1 }
        return (1...70).contains(end - found.lowerBound) ? found.lowerBound..<end : nil
    }

    /// Whether readers may choose different boundaries, and so see different parts.
    static func isAmbiguous(contentType value: Span<UInt8>) -> Bool {
        guard PartHead.mentions(of: "boundary", in: value) == 1 else { return true }
        guard let boundary = boundary(ofContentType: value) else { return true }
        for index in boundary where value[index] <= 0x20 || ByteSet(",\"\\").contains(value[index]) { return true }
        return false
    }

    static func parse(_ body: Span<UInt8>, boundary: Span<UInt8>, into table: inout ValueTable) {
        guard var position = delimiter(body, boundary, from: 0)?.upperBound else {
            table.anomalies.insert(.malformedMultipart)
            return
        }
        for _ in 0..<maximumParts {
            if body.hasPrefix("--", at: position) {
                // Most stop here; what follows is for those who do not.
                guard let next = delimiter(body, boundary, from: position) else { return }
                table.anomalies.insert(.ambiguousMultipart)
                position = next.upperBound
                continue
            }
            guard let next = delimiter(body, boundary, from: position) else {
                parsePart(body.extracting(position..<body.count), isWhole: false, into: &table)
                table.anomalies.insert(.malformedMultipart)
                return
            }
            parsePart(body.extracting(position..<next.lowerBound), isWhole: true, into: &table)
            position = next.upperBound
        }
        table.anomalies.insert(.tooManyValues)
    }

    /// The next `--boundary`, with the line break that belongs to it.
    private static func delimiter(_ body: Span<UInt8>, _ boundary: Span<UInt8>, from start: Int) -> Range<Int>? {
        var index = start
        let length = boundary.count + 2
        while index + length <= body.count {
            if body[index] == 0x2d, body[index + 1] == 0x2d, stands(boundary, in: body, at: index + 2) {
                var from = index
                while from > start, index - from < 2, body[from - 1] == 0x0a || body[from - 1] == 0x0d { from -= 1 }
                return from..<(index + length)
            }
            index += 1
        }
        return nil
    }

    private static func stands(_ text: Span<UInt8>, in body: Span<UInt8>, at index: Int) -> Bool {
        for offset in text.indices where body[index + offset] != text[offset] { return false }
        return true
    }

    private static func parsePart(_ part: Span<UInt8>, isWhole: Bool, into table: inout ValueTable) {
        let headEnd = endOfHead(part)
        let bytes = part.extracting(0..<headEnd.lowerBound)
        let content = part.extracting(headEnd.upperBound..<part.count)
        let head = PartHead(bytes)
        let name = head.name.map { table.store(bytes.extracting($0)) } ?? 0..<0
        if !name.isEmpty { table.add(.argumentName, name: name, name) }
        // A head that never ends, such as one with other line breaks than ours.
        let isEndless = isWhole && headEnd.isEmpty && !part.isEmpty
        if head.isAmbiguous || isEndless { table.anomalies.insert(.ambiguousMultipart) }
        if !head.isFile { table.add(.argument, name: name, isEndless ? part : content) }
        guard let file = head.fileName else { return }
        table.add(.fileName, name: name, bytes.extracting(file))
        table.add(.fileContent, name: name, content.extracting(0..<min(content.count, maximumFileBytes)))
    }

    private static func endOfHead(_ part: Span<UInt8>) -> Range<Int> {
        for index in part.indices where part[index] == 0x0a {
            if part.hasPrefix("\n\r\n", at: index) { return index..<(index + 3) }
            if part.hasPrefix("\n\n", at: index) { return index..<(index + 2) }
        }
        return part.count..<part.count
    }
}
