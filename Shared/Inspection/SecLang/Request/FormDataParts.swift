internal import Glibc

/// `multipart/form-data` (RFC 7578) as ModSecurity reads it: fields are arguments, files give name and size, every
/// header of a part is a value. What two parsers could read differently raises MULTIPART_STRICT_ERROR.
enum FormDataParts {
    static func parse(_ body: Span<UInt8>, contentType: Span<UInt8>, into table: inout SecLangValues) {
        guard let range = Multipart.boundary(ofContentType: contentType) else { return fail(&table) }
        let boundary = contentType.extracting(range)
        guard var position = delimiter(body, boundary, from: 0) else { return fail(&table) }
        if position > 0 { table.flags.insert(.multipartStrictError) }
        for _ in 0..<table.limits.maximumParts {
            position += boundary.count + 2
            if body.hasPrefix("--", at: position) { return }
            guard let start = lineEnd(body, position) else { return fail(&table) }
            guard let next = delimiter(body, boundary, from: start) else {
                part(body.extracting(start..<body.count), into: &table)
                table.flags.insert(.unmatchedBoundary)
                return fail(&table)
            }
            part(body.extracting(start..<contentEnd(body, start, next)), into: &table)
            position = next
        }
        table.flags.insert(.isIncomplete)
    }

    private static func fail(_ table: inout SecLangValues) {
        table.flags.formUnion([.bodyError, .multipartStrictError])
    }

    /// Where `--boundary` stands at the beginning of a line.
    private static func delimiter(_ body: Span<UInt8>, _ boundary: Span<UInt8>, from start: Int) -> Int? {
        var line = start
        while true {
            if body.hasPrefix("--", at: line), body.stands(boundary, at: line + 2) { return line }
            guard let next = lineBreak(body, from: line) else { return nil }
            line = next + 1
        }
    }

    /// Files are large and their lines are long: this is what an upload's time goes to.
    private static func lineBreak(_ body: Span<UInt8>, from start: Int) -> Int? {
        guard start < body.count else { return nil }
        return unsafe body.withUnsafeBufferPointer { body in
            guard let base = body.baseAddress, let found = unsafe memchr(base + start, 0x0a, body.count - start) else {
                return nil
            }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    private static func lineEnd(_ body: Span<UInt8>, _ start: Int) -> Int? {
        if body.hasPrefix("\r\n", at: start) { return start + 2 }
        return body.hasPrefix("\n", at: start) ? start + 1 : nil
    }

    private static func contentEnd(_ body: Span<UInt8>, _ start: Int, _ delimiter: Int) -> Int {
        var end = delimiter
        if end > start, body[end - 1] == 0x0a { end -= 1 }
        if end > start, body[end - 1] == 0x0d { end -= 1 }
        return end
    }

    // MARK: One part

    private static func part(_ part: Span<UInt8>, into table: inout SecLangValues) {
        var lines: [Range<Int>] = []
        var index = 0
        while index < part.count, lines.count < 64 {
            var end = index
            while end < part.count, part[end] != 0x0a { end += 1 }
            let text = index..<(end > index && part[end - 1] == 0x0d ? end - 1 : end)
            index = min(end + 1, part.count)
            if text.isEmpty { break }
            if part[text.lowerBound].isSpace, let last = lines.last {
                lines[lines.count - 1] = last.lowerBound..<text.upperBound
            } else {
                lines.append(text)
            }
        }
        store(part, lines, content: part.extracting(index..<part.count), into: &table)
    }

    private static func store(
        _ part: Span<UInt8>, _ lines: [Range<Int>], content: Span<UInt8>, into table: inout SecLangValues
    ) {
        var name = 0..<0
        var file: Range<Int>?
        for line in lines where part.hasPrefix("content-disposition:", at: line.lowerBound) {
            let text = part.extracting(line)
            if let found = HeaderParameters.value(of: "name", in: text) {
                name = table.store(unescaped(text.extracting(found)).span)
            }
            if let found = HeaderParameters.value(of: "filename", in: text)
                ?? HeaderParameters.value(of: "filename*", in: text)
            {
                file = table.store(unescaped(text.extracting(found)).span)
            }
        }
        for line in lines {
            let stored = table.store(part.extracting(line))
            table.add(.multipartPartHeaders, name: name, stored)
        }
        table.add(.multipartName, name: name, name)
        guard let file else {
            let value = table.store(content)
            return table.add(.argsPost, .argsPostNames, name: name, value)
        }
        table.add(.files, name: name, file)
        table.add(.filesNames, name: name, name)
        table.add(.multipartFileName, name: name, file)
        let size = table.store(String(content.count))
        table.add(.filesSizes, name: name, size)
        table.fileBytes += content.count
    }

    private static func unescaped(_ text: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "\\"), index + 1 < text.count, text[index + 1] == UInt8(ascii: "\"") {
                index += 1
            }
            result.append(text[index])
            index += 1
        }
        return result
    }
}
