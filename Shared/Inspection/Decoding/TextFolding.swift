internal import PatternMatching

/// Characters that some decoder on the way will read as ASCII: overlong UTF-8 (`C0 AF` for `/`), full-width forms
/// (U+FF01…FF5E), the division slashes (U+2215, U+2216), the no-break space.
enum UnicodeFolding {
    /// Writes nothing and returns false if there is nothing to fold.
    static func fold(_ input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        var run = 0
        var index = 0
        while index < input.count {
            guard input[index] >= 0xc0 else {
                index += 1
                continue
            }
            let (byte, length) = folded(input, index)
            if length > 1 {
                output.append(input.extracting(run..<index))
                if !isInvisible(input, index) { output.append(byte) }
                run = index + length
            }
            index += length
        }
        guard run > 0 else { return false }
        output.append(input.extracting(run..<input.count))
        return true
    }

    private static func folded(_ input: Span<UInt8>, _ index: Int) -> (UInt8, Int) {
        let byte = input[index]
        guard byte >= 0xc0, index + 1 < input.count else { return (byte, 1) }
        // No text has C0 or C1; where one stands before a plain byte, some decoders drop it.
        if byte <= 0xc1, input[index + 1] < 0x80 { return (input[index + 1], 2) }
        guard isTail(input[index + 1]) else { return (byte, 1) }
        let second = input[index + 1]
        if byte <= 0xc1 { return (byte << 6 | second & 0x3f, 2) }
        if byte == 0xc2, second == 0xa0 { return (0x20, 2) }
        guard index + 2 < input.count, isTail(input[index + 2]) else { return (byte, 1) }
        let third = input[index + 2]
        if isInvisible(input, index) { return (byte, 3) }
        if byte == 0xe0, second <= 0x81 { return (second << 6 | third & 0x3f, 3) }
        if byte == 0xe2, second == 0x88, third == 0x95 || third == 0x96 {
            return (third == 0x95 ? UInt8(ascii: "/") : UInt8(ascii: "\\"), 3)
        }
        // U+560A and U+560D: cut to their last byte they are line breaks.
        if byte == 0xe5, second == 0x98, third == 0x8a || third == 0x8d { return (third & 0x0f, 3) }
        if byte == 0xe3, second == 0x80, third == 0x82 { return (UInt8(ascii: "."), 3) }
        if byte == 0xef, second == 0xbc, third >= 0x81 { return (third - 0x81 + 0x21, 3) }
        if byte == 0xef, second == 0xbd, third <= 0x9e { return (third - 0x80 + 0x60, 3) }
        return (byte, 1)
    }

    /// U+200B…200F, U+202A…202E, U+2060…2064, U+FEFF
    private static func isInvisible(_ input: Span<UInt8>, _ index: Int) -> Bool {
        guard index + 2 < input.count else { return false }
        switch (input[index], input[index + 1], input[index + 2]) {
        case (0xe2, 0x80, 0x8b...0x8f), (0xe2, 0x80, 0xaa...0xae), (0xe2, 0x81, 0xa0...0xa4), (0xef, 0xbb, 0xbf):
            return true
        default: return false
        }
    }

    private static func isTail(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}

enum SQLComments {
    /// Writes nothing and returns false if there are none.
    static func replace(_ input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        var run = 0
        var index = 0
        var isConditional = false
        while index < input.count {
            let byte = input[index]
            guard byte == UInt8(ascii: "/") || byte == UInt8(ascii: "*") else {
                index += 1
                continue
            }
            let end = end(of: input, at: index, &isConditional)
            if end > index {
                output.append(input.extracting(run..<index))
                output.append(0x20)
                run = end
            }
            index = max(end, index + 1)
        }
        guard run > 0 else { return false }
        output.append(input.extracting(run..<input.count))
        return true
    }

    /// Where what becomes one space ends; the same place if nothing does.
    private static func end(of input: Span<UInt8>, at start: Int, _ isConditional: inout Bool) -> Int {
        if input.hasPrefix("/*!", at: start) {
            isConditional = true
            var index = start + 3
            while index < input.count, input[index].isDigit { index += 1 }
            return index
        }
        if input.hasPrefix("/*", at: start) { return endOfComment(input, after: start + 2) }
        guard isConditional, input.hasPrefix("*/", at: start) else { return start }
        isConditional = false
        return start + 2
    }

    /// A comment that is not closed runs to the end, as databases read it.
    private static func endOfComment(_ input: Span<UInt8>, after start: Int) -> Int {
        var index = start
        while index < input.count {
            if input[index] == UInt8(ascii: "*"), input.hasPrefix("*/", at: index) { return index + 2 }
            index += 1
        }
        return index
    }
}

enum ShellQuoting {
    private static let longestSign = 24

    /// Writes the whole text in any case.
    static func remove(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var run = 0
        var index = 0
        while true {
            index = input.place(from: index, { areSigns($0) }, { isSign($0) })
            guard index < input.count else { break }
            let (length, isSpace) = sign(input, index)
            if length > 0 {
                output.append(input.extracting(run..<index))
                if isSpace { output.append(0x20) }
                run = index + length
            }
            index += max(length, 1)
        }
        output.append(input.extracting(run..<input.count))
    }

    /// Only what stands around the signs that go, without them: where a literal of up to `reach` bytes, none of them a
    /// blank, may have been torn. Each piece ends in a line break.
    static func removeNearby(_ input: Span<UInt8>, reach: Int, into output: inout [UInt8]) {
        var index = input.place(from: 0, { areSigns($0) }, { isSign($0) })
        while index < input.count {
            var start = index
            while start > 0, index - start < reach, input[start - 1] > 0x20 { start -= 1 }
            // As far as the last sign's reach: signs that are close to each other may tear the same literal.
            var end = index
            var left = reach
            while end < input.count, left > 0, input[end] > 0x20 {
                let isSign = isSign(input[end])
                end += isSign ? max(1, sign(input, end).length) : 1
                left = isSign ? reach : left - 1
            }
            remove(input.extracting(start..<end), into: &output)
            output.append(0x0a)
            index = input.place(from: max(end, index + 1), { areSigns($0) }, { isSign($0) })
        }
    }

    @inline(__always) private static func areSigns(_ block: ByteBlock) -> ByteBlock.Marks {
        let quotes =
            block.marks(UInt8(ascii: "'")) | block.marks(UInt8(ascii: "\"")) | block.marks(UInt8(ascii: "\\"))
        let others =
            block.marks(UInt8(ascii: "^")) | block.marks(UInt8(ascii: "$")) | block.marks(UInt8(ascii: "+"))
        return quotes | others
    }

    private static func isSign(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "^"), UInt8(ascii: "$"),
            UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// How many bytes go, and whether a space takes their place.
    private static func sign(_ input: Span<UInt8>, _ index: Int) -> (length: Int, isSpace: Bool) {
        switch input[index] {
        // A space that was encoded twice.
        case UInt8(ascii: "+"): return (1, true)
        case UInt8(ascii: "$"):
            if input.hasPrefix("$ifs", at: index) { return (4, true) }
            if input.hasPrefix("${ifs}", at: index) { return (6, true) }
            // A substitution by nothing.
            if input.hasPrefix("$()", at: index) { return (3, false) }
            return (isEmptyParameter(input, index) ? 2 : variableLength(input, index), false)
        default: return (1, false)
        }
    }

    /// A name that no shell sets is empty too; those that mean something to a rule stay.
    private static func variableLength(_ input: Span<UInt8>, _ index: Int) -> Int {
        var end = index + 1
        while end < input.count, end - index < longestSign, input[end].isLetter || input[end] == UInt8(ascii: "_") {
            end += 1
        }
        guard end > index + 1, input.isOne(of: ["$_", "$path", "$home", "$globals", "$shell"], at: index) else {
            return end > index + 1 ? end - index : 0
        }
        return 0
    }

    /// `$@`, `$*`, `$1`…`$9` are empty in a command run by a service: a way to split a word.
    private static func isEmptyParameter(_ input: Span<UInt8>, _ index: Int) -> Bool {
        guard index + 1 < input.count else { return false }
        let next = input[index + 1]
        return next == UInt8(ascii: "@") || next == UInt8(ascii: "*") || (0x31...0x39).contains(next)
    }
}

enum PathNormalization {
    static func normalize(_ input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        guard let first = firstChange(input) else { return false }
        let slash = UInt8(ascii: "/")
        output.append(input.extracting(0..<first))
        for index in first..<input.count {
            let byte = input[index] == UInt8(ascii: "\\") ? slash : input[index]
            if byte == slash, output.last == slash { continue }
            output.append(byte)
            let count = output.count
            if byte == slash, count >= 3, output[count - 2] == UInt8(ascii: "."), output[count - 3] == slash {
                output.removeLast(2)
            }
        }
        return true
    }

    /// Nothing before it is changed by what comes after.
    private static func firstChange(_ input: Span<UInt8>) -> Int? {
        for index in input.indices {
            let byte = input[index]
            if byte == UInt8(ascii: "\\") { return index }
            guard byte == UInt8(ascii: "/"), index > 0 else { continue }
            let before = input[index - 1]
            if before == byte || before == UInt8(ascii: ".") && index > 1 && input[index - 2] == byte { return index }
        }
        return nil
    }
}

/// A value that is, all of it, the base64 of text. Short words are base64 too, so a value must be long enough, and what
/// comes out must read as text.
enum PlausibleBase64 {
    private static let minimumLength = 8

    /// What stands in no base64, in either alphabet.
    static let others = ByteSet((0...255 as ClosedRange<UInt8>).filter { value(of: $0) == nil && $0 != 0x3d })

    static func decode(_ input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        var end = input.count
        while end > 0, input.count - end < 2, input[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard end >= minimumLength, end % 4 != 1 else { return false }
        guard !hasWords(input, end), !isHexadecimal(input, end) else { return false }
        if isStream(input) { return decodeStream(input, end, into: &output) }
        let values = values.span
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for index in 0..<end {
            let value = unsafe values[unchecked: Int(input[unchecked: index])]
            guard value < 64 else { return false }
            pending = pending << 6 | UInt32(value)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            let byte = UInt8(truncatingIfNeeded: pending >> bits)
            // Most of what is no base64 ends here, after a few bytes.
            guard byte >= 0x20 && byte != 0x7f || (0x09...0x0d).contains(byte) else { return false }
            output.append(byte)
        }
        return readsAsText(output.span)
    }

    private static let maximumExpanded = 16 << 10

    /// How gzip (`1f 8b 08 00`), a pickle (`80 02 c`, `80 04 95`) and an object of .NET (`00 01 00 00 00 ff`) begin.
    private static func isStream(_ input: Span<UInt8>) -> Bool {
        guard input.count > 20, [0x41, 0x48, 0x67].contains(input[0]) else { return false }
        return streams.contains { prefix in prefix.indices.allSatisfy { input[$0] == prefix[$0] } }
    }

    private static let streams = ["H4sI", "gAJj", "gANj", "gARj", "gASV", "gAWV", "AAEAAAD/"].map { Array($0.utf8) }

    /// What is no text, but would be read as what it says it is; of gzip, what is packed in it.
    private static func decodeStream(_ input: Span<UInt8>, _ end: Int, into output: inout [UInt8]) -> Bool {
        var plain: [UInt8] = []
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for index in 0..<end {
            guard let value = value(of: input[index]) else { return false }
            pending = pending << 6 | UInt32(value)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            plain.append(UInt8(truncatingIfNeeded: pending >> bits))
        }
        guard input[0] == UInt8(ascii: "H") else {
            output = plain
            return true
        }
        _ = Inflate.expand(plain.span, limit: maximumExpanded, into: &output)
        return !output.isEmpty
    }

    /// For each byte what it stands for, and 64 for what stands in no base64.
    private static let values = (0...255 as ClosedRange<UInt8>).map { value(of: $0) ?? 64 }

    /// Of random bytes half are beyond ASCII; text has so many only where it is written in other letters.
    private static func readsAsText(_ text: Span<UInt8>) -> Bool {
        var others = 0
        for index in text.indices where text[index] >= 0x80 { others += 1 }
        return others * 3 <= text.count || (try? UTF8Span(validating: text)) != nil
    }

    /// Session and trace numbers, sixteen digits and more.
    private static func isHexadecimal(_ input: Span<UInt8>, _ end: Int) -> Bool {
        guard end >= 16 else { return false }
        for index in 0..<end where input[index].hexValue == nil { return false }
        return true
    }

    /// Base64 has a plus in every 64 characters; words have a space in every five.
    private static func hasWords(_ input: Span<UInt8>, _ end: Int) -> Bool {
        var spaces = 0
        var index = input.place(of: 0x20)
        while index < end {
            spaces += 1
            if spaces * 12 > end { return true }
            index = input.place(of: 0x20, from: index + 1)
        }
        return false
    }

    static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case 0x41...0x5a: byte - 0x41
        case 0x61...0x7a: byte - 0x61 + 26
        case 0x30...0x39: byte - 0x30 + 52
        // A form's decoder has turned a plus into a space.
        case UInt8(ascii: "+"), UInt8(ascii: "-"), 0x20: 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
