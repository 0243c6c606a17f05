internal import Glibc
internal import PatternMatching

/// An operator made ready to be asked.
enum CompiledTest: Sendable {
    case regex(Pattern)
    case composedRegex(CompiledMacro)
    case phrases(PhraseSet)
    case text(RuleOperator.TextTest, CompiledMacro)
    case number(RuleOperator.Comparison, CompiledMacro)
    case addresses(AddressSet)
    case bytesOutside(ByteSet)
    case malformedURLEncoding
    case malformedUTF8
    case sqlInjection
    case crossSiteScripting
    case identity(RuleOperator.IdentityNumber, Pattern)
    case always
    case never

    /// Whether nothing but the value comes into it and what rules wrote.
    var isConstant: Bool {
        switch self {
        case .text(_, let macro), .number(_, let macro), .composedRegex(let macro): macro.isConstant
        default: true
        }
    }

    /// Whether the answer depends on the value alone, so that it may be given before the rule's turn comes.
    var isPure: Bool {
        switch self {
        case .text(_, let macro), .number(_, let macro): macro.literal != nil
        case .composedRegex: false
        default: true
        }
    }
}

extension RuleOperator.Comparison {
    func holds(_ value: Int, _ operand: Int) -> Bool {
        switch self {
        case .equal: value == operand
        case .greater: value > operand
        case .greaterOrEqual: value >= operand
        case .less: value < operand
        case .lessOrEqual: value <= operand
        }
    }
}

extension RuleOperator.TextTest {
    /// Where in `value` the argument stands; for `within`, all of the value.
    func place(of argument: Span<UInt8>, in value: Span<UInt8>) -> Range<Int>? {
        switch self {
        case .equals:
            return value.count == argument.count && value.stands(argument, at: 0) ? 0..<value.count : nil
        case .contains: return value.first(argument)
        case .beginsWith: return value.stands(argument, at: 0) ? 0..<argument.count : nil
        case .endsWith:
            let start = value.count - argument.count
            return start >= 0 && value.stands(argument, at: start) ? start..<value.count : nil
        case .within: return argument.first(value) == nil ? nil : 0..<value.count
        case .containsWord: return word(argument, value)
        }
    }

    private func word(_ argument: Span<UInt8>, _ value: Span<UInt8>) -> Range<Int>? {
        guard argument.count <= value.count else { return nil }
        guard !argument.isEmpty else { return 0..<0 }
        for start in 0...(value.count - argument.count) where value.stands(argument, at: start) {
            let end = start + argument.count
            let opens = start == 0 || !value[start - 1].isPlainWordByte
            if opens, end == value.count || !value[end].isPlainWordByte { return start..<end }
        }
        return nil
    }
}

extension UInt8 {
    var isPlainWordByte: Bool { isAlphanumeric || self == UInt8(ascii: "_") }
}

extension Span<UInt8> {
    func stands(_ text: Span<UInt8>, at start: Int) -> Bool {
        guard start + text.count <= count else { return false }
        for index in text.indices where self[start + index] != text[index] { return false }
        return true
    }

    func first(_ text: Span<UInt8>) -> Range<Int>? {
        guard !text.isEmpty else { return 0..<0 }
        guard text.count <= count else { return nil }
        return unsafe withUnsafeBytes { bytes in
            unsafe text.withUnsafeBytes { text in
                guard let base = bytes.baseAddress, let wanted = text.baseAddress else { return nil }
                var start = 0
                while start + text.count <= bytes.count,
                    let found = unsafe memchr(base + start, Int32(text[0]), bytes.count - text.count - start + 1)
                {
                    start = unsafe UnsafeRawPointer(found) - base
                    if unsafe memcmp(found, wanted, text.count) == 0 { return start..<(start + text.count) }
                    start += 1
                }
                return nil
            }
        }
    }

    /// As C's `atoi` reads it: white space, a sign, digits; what is no number is 0.
    var leadingNumber: Int {
        var index = 0
        while index < count, self[index].isSpace { index += 1 }
        let isNegative = index < count && self[index] == UInt8(ascii: "-")
        if isNegative || index < count && self[index] == UInt8(ascii: "+") { index += 1 }
        var value = 0
        while index < count, (0x30...0x39).contains(self[index]), value < 1 << 58 {
            value = value * 10 + Int(self[index] - 0x30)
            index += 1
        }
        return isNegative ? -value : value
    }

    func equalsIgnoringCase(_ lowercase: Span<UInt8>) -> Bool {
        guard count == lowercase.count else { return false }
        for index in indices where self[index].lowercased != lowercase[index] { return false }
        return true
    }
}
