/// An exact decimal number as PostgreSQL's `numeric` keeps it: digits of base 10,000, where the first has the weight
/// 10,000 to the power of `weight`, and `scale` decimal places are shown.
package struct SQLNumeric: SQLCodable, Hashable, CustomStringConvertible {
    private enum Sign: UInt16 {
        case positive = 0
        case negative = 0x4000
        case notANumber = 0xc000
        case infinity = 0xd000
        case minusInfinity = 0xf000
    }

    private let sign: Sign
    private let weight: Int16
    private let scale: UInt16
    private let digits: [Int16]

    package static let notANumber = SQLNumeric(sign: .notANumber, weight: 0, scale: 0, digits: [])

    private init(sign: Sign, weight: Int16, scale: UInt16, digits: [Int16]) {
        self.sign = sign
        self.weight = weight
        self.scale = scale
        self.digits = digits
    }

    /// From `-12.340`: digits with at most one point, at most 1,000 of them; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let isNegative = text.hasPrefix("-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first?.utf8, !whole.isEmpty, text.utf8.count <= 1_000 else {
            return nil
        }
        let fraction = parts.count == 2 ? Array(parts[1].utf8) : []
        let places = Array(whole) + fraction
        guard parts.count == 1 || !fraction.isEmpty,
            places.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.init(isNegative: isNegative, whole: Array(whole), fraction: fraction)
    }

    package init(_ number: some BinaryInteger) {
        let text = String(number)
        let isNegative = text.hasPrefix("-")
        self.init(isNegative: isNegative, whole: Array(text.utf8.dropFirst(isNegative ? 1 : 0)), fraction: [])
    }

    private init(isNegative: Bool, whole: [UInt8], fraction: [UInt8]) {
        let zero = UInt8(ascii: "0")
        let lead = [UInt8](repeating: zero, count: (4 - whole.count % 4) % 4)
        let trail = [UInt8](repeating: zero, count: (4 - fraction.count % 4) % 4)
        let decimals = lead + whole + fraction + trail
        var groups = stride(from: 0, to: decimals.count, by: 4).map { start in
            decimals[start..<start + 4].reduce(Int16(0)) { $0 * 10 + Int16($1 - zero) }
        }
        let leadingZeros = groups.prefix { $0 == 0 }.count
        let weight = (lead.count + whole.count) / 4 - 1 - leadingZeros
        groups.removeFirst(leadingZeros)
        while groups.last == 0 { groups.removeLast() }
        self.init(
            sign: isNegative && !groups.isEmpty ? .negative : .positive, weight: groups.isEmpty ? 0 : Int16(weight),
            scale: UInt16(fraction.count), digits: groups)
    }

    package static var sqlType: SQLType { .numeric }

    package func encodeSQL(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int16(digits.count))
        bytes.appendBigEndian(weight)
        bytes.appendBigEndian(sign.rawValue)
        bytes.appendBigEndian(scale)
        for digit in digits { bytes.appendBigEndian(digit) }
    }

    package init?(sql bytes: RawSpan, type: SQLType) {
        guard type == .numeric, let count = bytes.bigEndian(at: 0, as: Int16.self), count >= 0,
            bytes.byteCount == 8 + 2 * Int(count), let weight = bytes.bigEndian(at: 2, as: Int16.self),
            let sign = bytes.bigEndian(at: 4, as: UInt16.self).flatMap(Sign.init(rawValue:)),
            let scale = bytes.bigEndian(at: 6, as: UInt16.self), scale <= 16_383
        else { return nil }
        var digits: [Int16] = []
        for index in 0..<Int(count) {
            guard let digit = bytes.bigEndian(at: 8 + 2 * index, as: Int16.self), (0..<10_000).contains(digit) else {
                return nil
            }
            digits.append(digit)
        }
        self.init(sign: sign, weight: weight, scale: scale, digits: digits)
    }

    package var description: String {
        switch sign {
        case .notANumber: return "NaN"
        case .infinity: return "Infinity"
        case .minusInfinity: return "-Infinity"
        case .positive, .negative: break
        }
        let whole = (0...max(0, Int(weight))).map { group(atWeight: Int(weight) - $0) }.joined()
        let trimmed = weight < 0 ? "0" : String(whole.drop { $0 == "0" })
        let fractionGroups = (Int(scale) + 3) / 4
        let fraction = (0..<fractionGroups).map { group(atWeight: -1 - $0) }.joined().prefix(Int(scale))
        return (sign == .negative ? "-" : "") + (trimmed.isEmpty ? "0" : trimmed)
            + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// Four decimal digits; zeros where the number has none.
    private func group(atWeight wanted: Int) -> String {
        let index = Int(weight) - wanted
        let text = digits.indices.contains(index) ? String(digits[index]) : "0"
        return String(repeating: "0", count: 4 - text.count) + text
    }
}
