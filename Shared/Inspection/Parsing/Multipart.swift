/// `multipart/form-data` (RFC 7578), as much as judging needs: fields become arguments, files give their name and the
/// first bytes of their content.
enum Multipart {
    private static let maximumParts = 256
    private static let maximumFileBytes = 4 << 10

    /// The boundary parameter of a Content-Type, with or without quotes; nil if there is none of a permitted length.
    static func boundary(ofContentType value: Span<UInt8>) -> Range<Int>? {
        for index in value.indices where value.hasPrefix("boundary=", at: index) {
            var start = index + 9
            let isQuoted = start < value.count && value[start] == UInt8(ascii: "\"")
            if isQuoted { start += 1 }
            var end = start
            while end < value.count, value[end] != UInt8(ascii: isQuoted ? "\"" : ";"), value[end] > 0x20 || isQuoted {
                end += 1
            }
            return (1...70).contains(end - start) ? start..<end : nil
        }
        return nil
    }

    static func parse(_ body: Span<UInt8>, boundary: Span<UInt8>, into table: inout ValueTable) {
        guard var position = delimiter(body, boundary, from: 0)?.upperBound else {
            table.anomalies.insert(.malformedMultipart)
            return
        }
        for _ in 0..<maximumParts {
            if body.hasPrefix("--", at: position) { return }
            guard let next = delimiter(body, boundary, from: position) else {
                parsePart(body.extracting(position..<body.count), into: &table)
                table.anomalies.insert(.malformedMultipart)
                return
            }
            parsePart(body.extracting(position..<next.lowerBound), into: &table)
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

    private static func parsePart(_ part: Span<UInt8>, into table: inout ValueTable) {
        let headEnd = endOfHead(part)
        let head = part.extracting(0..<headEnd.lowerBound)
        let content = part.extracting(headEnd.upperBound..<part.count)
        let name = parameter("name=", of: head).map { table.store(head.extracting($0)) } ?? 0..<0
        if !name.isEmpty { table.add(.argumentName, name: name, name) }
        guard let file = parameter("filename=", of: head) ?? parameter("filename*=", of: head) else {
            table.add(.argument, name: name, content)
            return
        }
        table.add(.fileName, name: name, head.extracting(file))
        table.add(.fileContent, name: name, content.extracting(0..<min(content.count, maximumFileBytes)))
    }

    private static func endOfHead(_ part: Span<UInt8>) -> Range<Int> {
        for index in part.indices where part[index] == 0x0a {
            if part.hasPrefix("\n\r\n", at: index) { return index..<(index + 3) }
            if part.hasPrefix("\n\n", at: index) { return index..<(index + 2) }
        }
        return part.count..<part.count
    }

    /// A parameter of Content-Disposition: preceded by a separator, so that `name=` is not the end of `filename=`.
    private static func parameter(_ wanted: StaticString, of head: Span<UInt8>) -> Range<Int>? {
        for index in head.indices where index > 0 && head.hasPrefix(wanted, at: index) {
            let before = head[index - 1]
            guard before == UInt8(ascii: ";") || before <= 0x20 else { continue }
            var start = index + wanted.utf8CodeUnitCount
            let isQuoted = start < head.count && head[start] == UInt8(ascii: "\"")
            if isQuoted { start += 1 }
            var end = start
            while end < head.count, head[end] != UInt8(ascii: isQuoted ? "\"" : ";"), head[end] >= 0x20 { end += 1 }
            return start..<end
        }
        return nil
    }
}
