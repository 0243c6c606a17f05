import JSON
import TestSupport
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String, _ limits: JSONLimits = .standard) throws -> JSONValue {
        try JSONValue(parsing: text.utf8, limits: limits)
    }

    private static let documents: [(String, JSONValue)] = [
        ("null", nil), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-17", -17),
        ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ("1.5e3", 1500.0), ("1E-2", 0.01), ("0.1e+1", 1.0), ("\"\"", ""), ("[]", []), ("{}", [:]),
        ("[1,[2,[]],{\"a\":null}]", [1, [2, []], ["a": nil]]),
        (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e9\ud83d\ude00\u0000""#, "é😀\0"),
        ("\"é😀\"", "é😀"), ("\t\r\n {\"a\" : 1 , \"b\" : [ ] }\n", ["a": 1, "b": []]),
    ]

    @Test(arguments: documents)
    func `a document is read`(text: String, expected: JSONValue) throws {
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "1e999",
        "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", #""\ud800""#, #""\ud800\u0041""#, #""\udc00\ud800""#,
        "\"\n\"", "\"\u{1}\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "]", "{", "{\"a\"", "{\"a\":", "{\"a\":1",
        "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1}}", "1 2", "[] []", "// x\n1", "'a'", "\u{feff}1",
        "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":1,\"\\u0061\":2}",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: JSONFailure.self) { try parse(text) }
    }

    @Test(arguments: [
        [0x22, 0xff, 0x22] as [UInt8], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xc0, 0x80, 0x22],
    ])
    func `text that is not UTF-8 is refused`(bytes: [UInt8]) {
        #expect(throws: JSONFailure.invalidUTF8(offset: 0)) { try JSONValue(parsing: bytes) }
    }

    @Test func `a repeated key is found among many`() throws {
        let members = (0..<200).map { "\"k\($0)\":\($0)" }
        let object = try #require(try parse("{\(members.joined(separator: ","))}").objectValue)
        #expect(object.count == 200)
        #expect(object["k137"] == 137)
        #expect(object["k200"] == nil)
        #expect(object.keys.first == "k0" && object.keys.last == "k199")
        let repeated = "{\((members + ["\"k3\":0"]).joined(separator: ","))}"
        #expect(throws: JSONFailure.duplicateKey(offset: repeated.utf8.count - 7)) { try parse(repeated) }
    }

    @Test func `depth, length and number of values are bounded`() throws {
        let limits = JSONLimits(maximumLength: 100, maximumDepth: 3, maximumValues: 5)
        #expect(try parse("[[[1]]]", limits) == [[[1]]])
        #expect(throws: JSONFailure.tooDeep(maximum: 3)) { try parse("[[[[1]]]]", limits) }
        #expect(throws: JSONFailure.tooManyValues(maximum: 5)) { try parse("[1,2,3,4,5]", limits) }
        #expect(throws: JSONFailure.tooLong(maximum: 100)) { try parse(String(repeating: " ", count: 101), limits) }
        let bomb = String(repeating: "[", count: 500_000)
        #expect(throws: JSONFailure.tooDeep(maximum: 64)) { try parse(bomb) }
    }

    @Test func `members can be changed and keep their order`() {
        var object = JSONObject()
        for index in 0..<12 { object["k\(index)"] = .integer(Int64(index)) }
        object["k3"] = nil
        object["k5"] = "five"
        object["new"] = true
        #expect(object.keys == ["k0", "k1", "k2"] + (4..<12).map { "k\($0)" } + ["new"])
        #expect(object["k5"] == "five" && object["k3"] == nil && object["k11"] == 11)
    }

    @Test func `whatever is written reads back the same`() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let value = JSONValue.random(using: &random, depth: 4)
            #expect(try JSONValue(parsing: value.serialized()) == value)
        }
    }

    @Test func `mutated documents never crash, and what is accepted reads back the same`() throws {
        var random = SeededGenerator(seed: 11)
        var accepted = 0
        for _ in 0..<5_000 {
            var bytes = JSONValue.random(using: &random, depth: 3).serialized()
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: position)
                }
            }
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            accepted += 1
            #expect(try JSONValue(parsing: value.serialized()) == value)
        }
        #expect(accepted > 100)
    }
}

extension JSONValue {
    fileprivate static func random(using random: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: return .number(Double.random(in: -1e6...1e6, using: &random) + 0.5)
        case 4, 5: return .string(text(using: &random))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in Self.random(using: &random, depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<14, using: &random) {
                object[text(using: &random)] = Self.random(using: &random, depth: depth - 1)
            }
            return .object(object)
        }
    }

    private static func text(using random: inout SeededGenerator) -> String {
        let characters: [Character] = ["a", "\"", "\\", "/", "\n", "\u{1}", "\0", "é", "😀", "<", "\u{2028}", "\u{7f}"]
        return String(
            (0..<Int.random(in: 0..<8, using: &random)).map { _ in characters[Int.random(in: 0..<12, using: &random)] })
    }
}
