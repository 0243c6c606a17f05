/// Fills the value table with what stands in the body (phase 2).
enum BodyParts {
    static func collect(
        _ body: Span<UInt8>, contentType: Span<UInt8>, _ processor: BodyProcessor, isForced: Bool,
        into table: inout SecLangValues
    ) {
        switch processor {
        case .none: break
        case .urlEncoded: FormPairs.parse(body, values: .argsPost, names: .argsPostNames, into: &table)
        case .multipart: FormDataParts.parse(body, contentType: contentType, into: &table)
        case .xml:
            if !XMLParts.parse(body, into: &table) { table.flags.insert(.bodyError) }
        case .json:
            if !JSONArguments.parse(body, into: &table) { table.flags.insert(.bodyError) }
        }
        if processor == .urlEncoded || processor == .json || processor == .none && isForced {
            table.add(.requestBody, body)
        }
    }

    /// What a Content-Type asks for. JSON and XML are taken apart without a rule that says so, as ModSecurity's
    /// recommended configuration does it.
    static func processor(_ contentType: Span<UInt8>) -> BodyProcessor {
        if contentType.hasPrefix("application/x-www-form-urlencoded", at: 0) { return .urlEncoded }
        if contentType.hasPrefix("multipart/form-data", at: 0) { return .multipart }
        let end = contentType.firstIndex(of: UInt8(ascii: ";")) ?? contentType.count
        let type = contentType.extracting(0..<end)
        if type.hasPrefix("application/json", at: 0) { return .json }
        if type.hasPrefix("text/xml", at: 0) || type.hasPrefix("application/xml", at: 0) { return .xml }
        guard type.hasPrefix("application/", at: 0) else { return .none }
        for index in type.indices where type[index] == UInt8(ascii: "+") {
            if type.hasPrefix("+json", at: index) { return .json }
            if type.hasPrefix("+xml", at: index) { return .xml }
        }
        return .none
    }
}

/// Every text and attribute of an XML document. Entities beyond the five are not expanded, nothing is fetched.
enum XMLParts {
    static func parse(_ text: Span<UInt8>, into table: inout SecLangValues) -> Bool {
        let textName = table.store("/*")
        let attributeName = table.store("//@*")
        var content: [UInt8] = []
        var index = 0
        var depth = 0
        var isWellFormed = true
        while index < text.count {
            guard text[index] == UInt8(ascii: "<") else {
                if depth > 0 { appendText(text, &index, &content) } else { index += 1 }
                continue
            }
            if text.hasPrefix("<![cdata[", at: index) {
                let end = find("]]>", in: text, from: index) ?? text.count
                for position in min(index + 9, end)..<end { content.append(text[position]) }
                index = min(text.count, end + 3)
            } else if text.hasPrefix("<!--", at: index) {
                index = min(text.count, (find("-->", in: text, from: index) ?? text.count) + 3)
            } else if text.hasPrefix("<?", at: index) || text.hasPrefix("<!", at: index) {
                index = endOfDeclaration(text, index)
            } else if text.hasPrefix("</", at: index) {
                depth -= 1
                index = (find(">", in: text, from: index) ?? text.count) + 1
            } else {
                guard let isClosed = element(text, &index, attributeName, into: &table) else {
                    isWellFormed = false
                    break
                }
                if !isClosed { depth += 1 }
            }
        }
        let stored = table.store(content.span)
        table.add(.xml, name: textName, stored)
        return isWellFormed && depth == 0
    }

    private static func find(_ mark: StaticString, in text: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < text.count {
            if text.hasPrefix(mark, at: index) { return index }
            index += 1
        }
        return nil
    }

    /// A document type may hold declarations in brackets.
    private static func endOfDeclaration(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        var brackets = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "[") { brackets += 1 }
            if text[index] == UInt8(ascii: "]") { brackets -= 1 }
            if text[index] == UInt8(ascii: ">"), brackets <= 0 { return index + 1 }
            index += 1
        }
        return text.count
    }

    /// From `<` to `>`; nil if it does not end. Returns whether the element ended at once.
    private static func element(
        _ text: Span<UInt8>, _ index: inout Int, _ name: Range<Int>, into table: inout SecLangValues
    ) -> Bool? {
        index += 1
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: ">"):
                index += 1
                return text[index - 2] == UInt8(ascii: "/")
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                let quote = text[index]
                index += 1
                var value: [UInt8] = []
                while index < text.count, text[index] != quote { appendCharacter(text, &index, &value) }
                index += 1
                let stored = table.store(value.span)
                table.add(.xml, name: name, stored)
            default: index += 1
            }
        }
        return nil
    }

    private static func appendText(_ text: Span<UInt8>, _ index: inout Int, _ content: inout [UInt8]) {
        while index < text.count, text[index] != UInt8(ascii: "<") { appendCharacter(text, &index, &content) }
    }

    private static let entities: [(StaticString, UInt8)] = [
        ("&lt;", 0x3c), ("&gt;", 0x3e), ("&amp;", 0x26), ("&quot;", 0x22), ("&apos;", 0x27),
    ]

    private static func appendCharacter(_ text: Span<UInt8>, _ index: inout Int, _ content: inout [UInt8]) {
        if text[index] == UInt8(ascii: "&") {
            for (name, byte) in entities where text.hasPrefix(name, at: index) {
                content.append(byte)
                index += name.utf8CodeUnitCount
                return
            }
            if text.hasPrefix("&#", at: index), let (value, length) = number(text, index + 2) {
                Escapes.append(value, &content)
                index += 2 + length
                return
            }
        }
        content.append(text[index])
        index += 1
    }

    private static func number(_ text: Span<UInt8>, _ start: Int) -> (UInt32, Int)? {
        var index = start
        let isHex = index < text.count && text[index].lowercased == UInt8(ascii: "x")
        if isHex { index += 1 }
        var value: UInt32 = 0
        while index < text.count, index - start < 9, let digit = text[index].hexValue, isHex || digit < 10 {
            value = value &* (isHex ? 16 : 10) &+ UInt32(digit)
            index += 1
        }
        guard index < text.count, text[index] == UInt8(ascii: ";"), value <= 0x10ffff else { return nil }
        return (value, index + 1 - start)
    }
}
