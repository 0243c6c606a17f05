import ServiceKit
import TestSupport
import Testing

@Suite struct YAMLTests {
    @Test func `a document becomes a tree that knows where everything stands`() throws {
        let root = try YAMLNode.parse(
            "listen: 80\nroutes:\n  - host: \"*\"\n    on: true\n  - {host: a, weight: 0.5}\n", file: "a.yaml")
        #expect(root["listen"]?.integer == 80)
        let routes = try #require(root["routes"]?.items)
        #expect(routes[0]["host"]?.text == "*")
        #expect(routes[0]["on"]?.boolean == true)
        #expect(routes[1]["weight"]?.number == 0.5)
        #expect(routes[0]["host"]?.location == SourceLocation(file: "a.yaml", line: 3, column: 11))
        #expect(routes[1]["missing"] == nil)
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "---\n...\n", "~"])
    func `an empty document is an empty mapping`(text: String) throws {
        #expect(try YAMLNode.parse(text, file: "a").entries == [])
    }

    @Test(arguments: [
        ("a", "~", true), ("a", "null", true), ("a", "", true), ("a", "\"null\"", false), ("a", "''", false),
        ("a", "0", false),
    ])
    func `only a plain null is null`(key: String, text: String, isNull: Bool) throws {
        #expect(try YAMLNode.parse("\(key): \(text)\n", file: "a")[key]?.isNull == isNull)
    }

    @Test func `quoted scalars are text, whatever they look like`() throws {
        let root = try YAMLNode.parse("a: \"true\"\nb: '12'\nc: 0x10\nd: 1e3\ne: .inf\nf: nan\n", file: "a")
        #expect(root["a"]?.boolean == nil)
        #expect(root["b"]?.integer == nil)
        #expect(root["b"]?.text == "12")
        #expect(root["c"]?.integer == nil)
        #expect(root["d"]?.number == 1_000)
        #expect(root["e"]?.number == nil)
        #expect(root["f"]?.number == nil)
    }

    static let refused: [(String, String)] = [
        ("a: 1\nb: 2\na: 3\n", "t:3:1: the key \"a\" stands here twice, first in line 1; keep one"),
        ("a: &x 1\n", "t:1:4: anchors (&name) are not supported; write the value out where it is needed"),
        ("a: *x\n", "t:1:4: aliases (*name) are not supported; write the value out where it is needed"),
        ("a: !!binary aaaa\n", "t:1:4: tags (!name) are not supported; write the value out where it is needed"),
        ("&m {a: 1}\n", "t:1:1: anchors (&name) are not supported; write the value out where it is needed"),
        ("a: 1\n---\nb: 2\n", "t:2:1: a second document begins; keep one document in a file"),
        ("? [a]\n: 1\n", "t:1:3: a key must be text, not a list or a mapping"),
        ("{{a: 1}: 2}\n", "t:1:2: a key must be text, not a list or a mapping"),
        ("a: [1\n", "t:2:1: this is not valid YAML: did not find expected ',' or ']'"),
        (
            "a:\n\t- 1\n",
            "t:2:1: this is not valid YAML: found character that cannot start any token; indent with spaces, and quote "
                + "values that begin so"
        ),
    ]

    @Test(arguments: refused)
    func `what has more than one meaning is refused where it stands`(text: String, message: String) {
        #expect { try YAMLNode.parse(text, file: "t") } throws: { "\($0)" == message }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: YAMLFailure.self) { try YAMLNode.parse([0x61, 0x3a, 0x20, 0xff, 0xfe], file: "t") }
    }

    @Test func `size, depth and number of nodes are bounded`() {
        let limits = YAMLLimits(bytes: 1_000, depth: 8, nodes: 20)
        let cases = [
            [UInt8](repeating: 0x20, count: 1_001), Array(String(repeating: "[", count: 200).utf8),
            Array("[\(String(repeating: "a,", count: 30))]".utf8), Array(String(repeating: "- ", count: 100).utf8),
        ]
        for bytes in cases {
            #expect(throws: YAMLFailure.self) { try YAMLNode.parse(bytes, file: "t", limits: limits) }
        }
    }

    @Test func `a large flat file is read in a moment`() throws {
        let text = (0..<40_000).map { "key\($0): \($0)\n" }.joined()
        var count: Int?
        let taken = try processorTime { () throws in
            count = try YAMLNode.parse(Array(text.utf8), file: "t").entries?.count
        }
        #expect(count == 40_000)
        #expect(taken < .seconds(20))
    }

    /// Random edits of a document that uses every construct: whatever comes out, it is a tree or a refusal.
    @Test func `mutated documents never crash the parser`() {
        var random = SeededRandom(state: 0x9e37_79b9)
        let seed = Array(
            "a: {b: [1, \"x\\n\", 'y'], ? c : d}\nlist:\n  - |\n    text\n  - >-\n    folded\n--- \n- &a *b !t\n".utf8)
        var outcomes = (trees: 0, refusals: 0)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[position] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                default: bytes.insert(seed[Int.random(in: 0..<seed.count, using: &random)], at: position)
                }
            }
            if (try? YAMLNode.parse(bytes, file: "t")) != nil { outcomes.trees += 1 } else { outcomes.refusals += 1 }
        }
        #expect(outcomes.refusals > 1_000)
        #expect(outcomes.trees + outcomes.refusals == 20_000)
    }
}

/// splitmix64, so that a failure repeats.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
