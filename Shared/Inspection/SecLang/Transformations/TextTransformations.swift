extension Span<UInt8> {
    func hasPair(_ first: UInt8, _ second: UInt8) -> Bool {
        for index in 0..<Swift.max(0, count - 1) where self[index] == first && self[index + 1] == second { return true }
        return false
    }
}

/// `t:compressWhitespace`, `t:trim…`.
enum Whitespace {
    static func compress(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { output in
            var wasSpace = false
            for index in input.indices {
                let byte = input[index]
                let isSpace = byte.isSecLangSpace
                if !isSpace { output.append(byte) } else if !wasSpace { output.append(0x20) }
                wasSpace = isSpace
            }
        }
    }

    static func isCompressed(_ input: Span<UInt8>) -> Bool {
        var wasSpace = false
        for index in input.indices {
            let byte = input[index]
            let isSpace = byte.isSecLangSpace
            if isSpace, wasSpace || byte != 0x20 { return false }
            wasSpace = isSpace
        }
        return true
    }

    static func remove(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { output in
            for index in input.indices where !input[index].isSecLangSpace { output.append(input[index]) }
        }
    }

    static func trim(_ input: Span<UInt8>, left: Bool, right: Bool, into output: inout [UInt8]) {
        var start = 0
        var end = input.count
        if left { while start < end, input[start].isSpace { start += 1 } }
        if right { while end > start, input[end - 1].isSpace { end -= 1 } }
        for index in start..<end { output.append(input[index]) }
    }
}

/// `t:cmdLine`: what a shell would make of an obfuscated command. Quotes, backslashes and carets go, commas and
/// semicolons become spaces, spaces are joined, and none stays before `/` or `(`.
enum CommandLine {
    static func simplify(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { simplify(input, &$0) }
    }

    private static func simplify(_ input: Span<UInt8>, _ output: inout OutputSpan<UInt8>) {
        var wasSpace = false
        for index in input.indices {
            let byte = input[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "^"): break
            case 0x20, UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, 0x0d, 0x0a:
                if !wasSpace { output.append(0x20) }
                wasSpace = true
            case UInt8(ascii: "/"), UInt8(ascii: "("):
                if wasSpace { _ = output.removeLast() }
                wasSpace = false
                output.append(byte)
            default:
                output.append(byte.lowercased)
                wasSpace = false
            }
        }
    }
}

/// `t:removeComments`, `t:removeCommentsChar`, `t:replaceComments`.
enum CommentTransformations {
    static func remove(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        var closing: StaticString?
        while index < input.count {
            if let end = closing {
                guard input.hasPrefix(end, at: index) else {
                    index += 1
                    continue
                }
                index += end.utf8CodeUnitCount
                closing = nil
            } else if input.hasPrefix("/*", at: index) {
                closing = "*/"
                index += 2
            } else if input.hasPrefix("<!--", at: index) {
                closing = "-->"
                index += 4
            } else if input[index] == UInt8(ascii: "#") || input.hasPrefix("--", at: index) {
                return
            } else {
                output.append(input[index])
                index += 1
            }
        }
        if closing != nil { output.append(0x20) }
    }

    private static let marks: [StaticString] = ["<!--", "-->", "/*", "*/", "--", "#"]

    static func removeMarks(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < input.count {
            if let mark = marks.first(where: { input.hasPrefix($0, at: index) }) {
                index += mark.utf8CodeUnitCount
            } else {
                output.append(input[index])
                index += 1
            }
        }
    }

    static func replace(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        var isInside = false
        while index < input.count {
            if !isInside, input.hasPrefix("/*", at: index) {
                isInside = true
                index += 2
            } else if isInside, input.hasPrefix("*/", at: index) {
                isInside = false
                index += 2
                output.append(0x20)
            } else {
                if !isInside { output.append(input[index]) }
                index += 1
            }
        }
        if isInside { output.append(0x20) }
    }
}

/// `t:normalizePath`, `t:normalizePathWin`: `//` and `/./` become `/`, `a/../` goes, a leading `../` of a relative path
/// stays, one that would climb above the root goes.
enum PathTransformations {
    /// No segment is empty or begins with a dot.
    static func isNormal(_ input: Span<UInt8>) -> Bool {
        let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
        guard !input.isEmpty else { return true }
        var isStart = input[0] != slash
        for index in input.indices {
            let byte = input[index]
            if isStart, byte == slash || byte == dot { return false }
            isStart = byte == slash
        }
        return true
    }

    static func normalize(_ input: Span<UInt8>, isWindows: Bool, into output: inout [UInt8]) {
        guard !input.isEmpty else { return }
        let slash = UInt8(ascii: "/")
        func byte(_ index: Int) -> UInt8 {
            isWindows && input[index] == UInt8(ascii: "\\") ? slash : input[index]
        }
        let isRooted = byte(0) == slash
        let endsWithSlash = byte(input.count - 1) == slash
        /// How many leading `..` stand in the output; they cannot be taken back.
        var kept = 0
        if isRooted { output.append(slash) }
        var index = 0
        while index < input.count {
            var end = index
            while end < input.count, byte(end) != slash { end += 1 }
            let length = end - index
            let isDot = length == 1 && input[index] == UInt8(ascii: ".")
            let isUp = length == 2 && input[index] == UInt8(ascii: ".") && input[index + 1] == UInt8(ascii: ".")
            if isUp {
                if !dropLast(&output, kept) && !isRooted {
                    if !output.isEmpty, output.last != slash { output.append(slash) }
                    output += [UInt8(ascii: "."), UInt8(ascii: ".")]
                    kept = output.count
                }
            } else if length > 0, !isDot {
                if !output.isEmpty, output.last != slash { output.append(slash) }
                for position in index..<end { output.append(input[position]) }
            }
            index = end + 1
        }
        if endsWithSlash, !output.isEmpty, output.last != slash { output.append(slash) }
    }

    /// Takes the last segment away unless it is a `..` that stays.
    private static func dropLast(_ output: inout [UInt8], _ kept: Int) -> Bool {
        let slash = UInt8(ascii: "/")
        guard output.count > kept, !(output.count == 1 && output[0] == slash) else { return false }
        if output.last == slash { output.removeLast() }
        while output.count > kept, let last = output.last, last != slash { output.removeLast() }
        if output.count > max(1, kept), output.last == slash { output.removeLast() }
        return true
    }
}
