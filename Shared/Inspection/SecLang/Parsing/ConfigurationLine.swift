/// One directive with its words, as Apache's configuration syntax has it: a backslash at the end of a line continues it,
/// `#` begins a comment, a word with spaces stands in quotes, in which `\"` is a quote,
/// two backslashes are one, and every other backslash is itself.
struct ConfigurationLine {
    var number: Int
    var words: [[UInt8]]

    static let maximumLength = 1 << 20

    static func split(_ text: [UInt8], file: String) throws(InspectionFailure) -> [ConfigurationLine] {
        var lines: [ConfigurationLine] = []
        var pending: [UInt8] = []
        var number = 0
        var firstNumber = 1
        var isContinued = false
        for physical in text.split(separator: 0x0a, omittingEmptySubsequences: false) {
            number += 1
            if !isContinued { firstNumber = number }
            let line = physical.last == 0x0d ? physical.dropLast() : physical
            if line.last == UInt8(ascii: "\\") {
                pending += line.dropLast()
                if pending.count > maximumLength { throw tooLong(file, firstNumber) }
                isContinued = true
                continue
            }
            isContinued = false
            pending += line
            if pending.count > maximumLength { throw tooLong(file, firstNumber) }
            let words = try words(of: pending, file: file, line: firstNumber)
            if !words.isEmpty { lines.append(ConfigurationLine(number: firstNumber, words: words)) }
            pending.removeAll(keepingCapacity: true)
        }
        guard !isContinued else {
            throw .malformedRules(
                file: file, line: firstNumber, reason: "the last line ends with a backslash, so something is missing",
                fix: "complete the directive or take the backslash away")
        }
        return lines
    }

    private static func tooLong(_ file: String, _ line: Int) -> InspectionFailure {
        .malformedRules(
            file: file, line: line, reason: "the directive has more than \(maximumLength) bytes",
            fix: "split it into several rules")
    }

    private static func words(of line: [UInt8], file: String, line number: Int) throws(InspectionFailure) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var index = 0
        while true {
            while index < line.count, line[index] <= 0x20 { index += 1 }
            guard index < line.count, !(words.isEmpty && line[index] == UInt8(ascii: "#")) else { return words }
            words.append(try word(of: line, &index, file, number))
        }
    }

    private static func word(
        of line: [UInt8], _ index: inout Int, _ file: String, _ number: Int
    ) throws(InspectionFailure) -> [UInt8] {
        let quote = line[index]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = index
            while index < line.count, line[index] > 0x20 { index += 1 }
            return Array(line[start..<index])
        }
        var word: [UInt8] = []
        index += 1
        while index < line.count {
            let byte = line[index]
            if byte == quote {
                index += 1
                return word
            }
            let next = index + 1 < line.count ? line[index + 1] : 0
            if byte == UInt8(ascii: "\\"), next == quote || next == byte { index += 1 }
            word.append(line[index])
            index += 1
        }
        throw .malformedRules(
            file: file, line: number, reason: "a quoted word is not closed",
            fix: "close it with \(Character(Unicode.Scalar(quote)))")
    }
}
