internal import Core

extension JSONValue {
    /// Reads RFC 8259 and nothing more: one value, no comments, no trailing commas, no lone surrogates, valid UTF-8, and,
    /// because two readers of a repeated key may disagree, every key of an object once.
    package init(
        parsing bytes: some Sequence<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONFailure) {
        var parser = JSONParser(bytes: Array(bytes), limits: limits)
        self = try parser.document()
    }
}

/// A recursive descent over bytes, at most `limits.maximumDepth` deep.
private struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var position = 0
    var depth = 0
    var values = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONFailure) -> JSONValue {
        guard bytes.count <= limits.maximumLength else { throw .tooLong(maximum: limits.maximumLength) }
        let value = try value()
        skipWhitespace()
        guard position == bytes.count else { throw .trailingBytes(offset: position) }
        return value
    }

    // MARK: Values

    private mutating func value() throws(JSONFailure) -> JSONValue {
        values += 1
        guard values <= limits.maximumValues else { throw .tooManyValues(maximum: limits.maximumValues) }
        skipWhitespace()
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try nested { parser throws(JSONFailure) in try parser.object() })
        case UInt8(ascii: "["): return .array(try nested { parser throws(JSONFailure) in try parser.array() })
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func nested<Result>(
        _ read: (inout JSONParser) throws(JSONFailure) -> Result
    ) throws(JSONFailure) -> Result {
        guard depth < limits.maximumDepth else { throw .tooDeep(maximum: limits.maximumDepth) }
        depth += 1
        position += 1
        let result = try read(&self)
        depth -= 1
        return result
    }

    private mutating func object() throws(JSONFailure) -> JSONObject {
        var object = JSONObject()
        if try take(UInt8(ascii: "}")) { return object }
        repeat {
            skipWhitespace()
            let start = position
            guard try peek() == UInt8(ascii: "\"") else { throw .unexpectedByte(bytes[position], offset: position) }
            let key = try string()
            try require(UInt8(ascii: ":"))
            guard object.insert(key, try value()) else { throw .duplicateKey(offset: start) }
        } while try take(UInt8(ascii: ","))
        try require(UInt8(ascii: "}"))
        return object
    }

    private mutating func array() throws(JSONFailure) -> [JSONValue] {
        var elements: [JSONValue] = []
        if try take(UInt8(ascii: "]")) { return elements }
        repeat { elements.append(try value()) } while try take(UInt8(ascii: ","))
        try require(UInt8(ascii: "]"))
        return elements
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONFailure) -> JSONValue {
        for byte in text.description.utf8 {
            guard try peek() == byte else { throw .unexpectedByte(bytes[position], offset: position) }
            position += 1
        }
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(JSONFailure) -> JSONValue {
        let start = position
        skip(UInt8(ascii: "-"))
        guard position < bytes.count else { throw .unexpectedEnd }
        guard isDigit(bytes[position]) else {
            throw position == start ? .unexpectedByte(bytes[start], offset: start) : .invalidNumber(offset: start)
        }
        // No leading zeros.
        if bytes[position] == UInt8(ascii: "0") { position += 1 } else { skipDigits() }
        var isInteger = true
        if skip(UInt8(ascii: ".")) {
            isInteger = false
            guard skipDigits() > 0 else { throw .invalidNumber(offset: start) }
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            isInteger = false
            if !skip(UInt8(ascii: "+")) { skip(UInt8(ascii: "-")) }
            guard skipDigits() > 0 else { throw .invalidNumber(offset: start) }
        }
        if position < bytes.count, isDigit(bytes[position]) { throw .invalidNumber(offset: start) }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw .numberTooLarge(offset: start) }
        return .number(number)
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    @discardableResult
    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count, isDigit(bytes[position]) { position += 1 }
        return position - start
    }

    // MARK: Strings

    private mutating func string() throws(JSONFailure) -> String {
        let start = position
        position += 1
        let end = endOfPlainRun(from: position)
        guard end < bytes.count else { throw .unexpectedEnd }
        if bytes[end] == UInt8(ascii: "\"") {
            defer { position = end + 1 }
            return try text(bytes[position..<end], offset: start)
        }
        return try escapedString(start: start)
    }

    private mutating func escapedString(start: Int) throws(JSONFailure) -> String {
        var unescaped: [UInt8] = []
        while true {
            let end = endOfPlainRun(from: position)
            unescaped.append(contentsOf: bytes[position..<end])
            position = end
            switch try peek() {
            case UInt8(ascii: "\""):
                position += 1
                return try text(unescaped[...], offset: start)
            case UInt8(ascii: "\\"): try escape(into: &unescaped)
            default: throw .unexpectedByte(bytes[position], offset: position)
            }
        }
    }

    /// Where the run of bytes that mean themselves ends: at a quote, a backslash, a control character or the end.
    private func endOfPlainRun(from start: Int) -> Int {
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            end += 1
        }
        return end
    }

    private func text(_ slice: ArraySlice<UInt8>, offset: Int) throws(JSONFailure) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw .invalidUTF8(offset: offset) }
        return text
    }

    private mutating func escape(into unescaped: inout [UInt8]) throws(JSONFailure) {
        let start = position
        position += 1
        let letter = try peek()
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(letter)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0c)
        case UInt8(ascii: "n"): unescaped.append(0x0a)
        case UInt8(ascii: "r"): unescaped.append(0x0d)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try scalar(start: start)
            unescaped.append(contentsOf: String(Character(scalar)).utf8)
        default: throw .invalidEscape(offset: start)
        }
    }

    /// The character of `\uXXXX`, or of two of them that make a surrogate pair.
    private mutating func scalar(start: Int) throws(JSONFailure) -> Unicode.Scalar {
        let first = try codeUnit(start: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else {
            throw .invalidEscape(offset: start)
        }
        let second = try codeUnit(start: start)
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw .invalidEscape(offset: start) }
        return scalar
    }

    private mutating func codeUnit(start: Int) throws(JSONFailure) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hex.value(of: try peek()) else { throw .invalidEscape(offset: start) }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    // MARK: Bytes

    private func peek() throws(JSONFailure) -> UInt8 {
        guard position < bytes.count else { throw .unexpectedEnd }
        return bytes[position]
    }

    @discardableResult
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while position < bytes.count, isWhitespace(bytes[position]) { position += 1 }
    }

    private func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

    /// Takes `byte` if it comes next after white space.
    private mutating func take(_ byte: UInt8) throws(JSONFailure) -> Bool {
        skipWhitespace()
        guard try peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func require(_ byte: UInt8) throws(JSONFailure) {
        guard try take(byte) else { throw .unexpectedByte(bytes[position], offset: position) }
    }
}
