internal import PatternMatching

/// One way in which a grammar can have something to say about a text: a byte of each of the sets stands in it, and one
/// of the literals if there are any. A text that fits none of a grammar's gates need not be shown to it.
///
/// Each line follows from the grammar's code: it names what every path to a verdict passes. `GateTests` holds them to it.
struct GrammarGate {
    var bytes: [ByteSet] = []
    var literals: [String] = []
    /// Literals that count only where they stand alone, as the grammar's words do.
    var words: [String] = []
    /// One of these follows such a word, blanks between them not counted.
    var followers: ByteSet?
    /// The literals are those of a text without its blanks.
    var isJoined = false

    init(
        bytes: [ByteSet] = [], literals: [String] = [], words: [String] = [], followers: ByteSet? = nil,
        isJoined: Bool = false
    ) {
        self.bytes = bytes
        self.literals = literals
        self.words = words
        self.followers = followers
        self.isJoined = isJoined
    }
}

extension Grammar {
    private static let quotes = ByteSet("'\"`")

    var gates: [GrammarGate] {
        switch self {
        case .sql:
            [
                // Two tokens, one of which joins, opens or begins something.
                GrammarGate(bytes: [Self.betweenWords], literals: ["&&", "||"], words: SQLWord.structural),
                GrammarGate(bytes: [ByteSet("(")], words: SQLWord.clauses),
                // What closes a bracket that was not opened and ends the statement.
                GrammarGate(bytes: [ByteSet(")}")], literals: ["--", "#", "/*"]),
                GrammarGate(bytes: [Self.quotes, ByteSet("=<>!~+-*/%^&|#;")]),
                GrammarGate(bytes: [Self.quotes], words: SQLWord.structural + SQLWord.clauses + SQLWord.operators),
            ]
        case .markup:
            [
                GrammarGate(bytes: [ByteSet("<")]),
                GrammarGate(bytes: [ByteSet("=")], literals: ["on"]),
                // What is called, reached into, assigned or named; a backslash or a comment may stand in between.
                GrammarGate(
                    bytes: [ByteSet("(`[.?=)}]'\"")], words: ScriptWord.all, followers: ByteSet("(`[.?=)}]'\"\\/")),
                // Given another name.
                GrammarGate(bytes: [ByteSet("="), ByteSet(",;")], literals: ["=alert", "=confirm", "=prompt"]),
                // A word in pieces.
                GrammarGate(
                    bytes: [Self.quotes, ByteSet("+")], literals: ["+'", "+\"", "+`", "+\\"], isJoined: true),
            ]
        case .shell:
            [GrammarGate(bytes: [ByteSet(";|`&\n")]), GrammarGate(bytes: [ByteSet("$<>"), ByteSet("(")])]
        case .path:
            [
                GrammarGate(literals: ["..", "0x2e", "\u{3002}", "\u{ff0e}"]),
                GrammarGate(bytes: [ByteSet("%\\&") | ByteSet([0xc0, 0xc1, 0xe0])]),
            ]
        case .url: [GrammarGate(literals: ["//", "\\\\", "/\\", "\\/"])]
        case .template:
            [
                GrammarGate(literals: [
                    "{{", "{%", "{$", "{php}", "{smarty_", "{if ", "${", "#{", "*{", "~{", "%{", "#set", "<%",
                    "<#assign", "@(", "@{", "[[",
                ])
            ]
        }
    }

    /// Whether it reads letters in either case: then it need not be shown a text in lower case to say nothing about it.
    var ignoresCase: Bool {
        switch self {
        case .sql, .markup, .shell: true
        case .path, .url, .template: false
        }
    }

    /// Every byte that is not part of a word.
    private static let betweenWords = ByteSet((0...255 as ClosedRange<UInt8>).filter { !$0.isWordByte })
}
