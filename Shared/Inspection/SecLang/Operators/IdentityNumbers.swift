/// `@verifyCC`, `@verifySSN`, `@verifyCPF`, `@verifySVNR`: a number that a pattern found, with its check digit.
extension RuleOperator.IdentityNumber {
    func isValid(_ text: Span<UInt8>) -> Bool {
        var digits: [Int] = []
        for index in text.indices where (0x30...0x39).contains(text[index]) { digits.append(Int(text[index] - 0x30)) }
        switch self {
        case .creditCard: return luhn(digits)
        case .usSocialSecurity: return socialSecurity(digits)
        case .brazilianCPF: return cpf(digits)
        case .austrianSVNR: return svnr(digits)
        }
    }

    private func luhn(_ digits: [Int]) -> Bool {
        guard !digits.isEmpty else { return false }
        let sum = digits.reversed().enumerated().reduce(0) { sum, item in
            guard item.offset % 2 == 1 else { return sum + item.element }
            return sum + (item.element > 4 ? item.element * 2 - 9 : item.element * 2)
        }
        return sum % 10 == 0
    }

    /// No area 000, 666 or above 740, no group 00, no serial 0000, not all the same, not a plain row.
    private func socialSecurity(_ digits: [Int]) -> Bool {
        guard digits.count == 9 else { return false }
        func value(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
        let area = value(0..<3)
        guard area != 0, area != 666, area < 740, value(3..<5) != 0, value(5..<9) != 0 else { return false }
        let steps = zip(digits.dropFirst(), digits).map { ($0 - $1 + 10) % 10 }
        return !steps.allSatisfy { $0 == 0 } && !steps.allSatisfy { $0 == 1 }
    }

    private func cpf(_ digits: [Int]) -> Bool {
        guard digits.count == 11, Set(digits).count > 1 else { return false }
        func check(_ count: Int) -> Int {
            let sum = (0..<count).reduce(0) { $0 + digits[$1] * (count + 1 - $1) }
            return sum % 11 < 2 ? 0 : 11 - sum % 11
        }
        return check(9) == digits[9] && check(10) == digits[10]
    }

    private func svnr(_ digits: [Int]) -> Bool {
        guard digits.count == 10, Set(digits).count > 1 else { return false }
        let weights = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]
        let sum = zip(digits, weights).reduce(0) { $0 + $1.0 * $1.1 }
        return sum % 11 == digits[3]
    }
}
