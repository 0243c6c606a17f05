import TestSupport
import Testing

@testable import Inspection

@Suite struct PathGrammarTests {
    private func judge(_ text: String) -> Confidence? {
        let bytes = Array(text.utf8)
        return PathGrammar.judge(bytes.span)?.confidence
    }

    @Test(arguments: [
        "../../secret", "..\\..\\secret", "%2e%2e/secret", "..%2fsecret", "..%252fsecret", "%252e%252e%255csecret",
        "..%c0%afsecret", "%c0%ae%c0%ae/secret", "..%u2215secret", "0x2e0x2e/secret", "..;/..;/secret",
        "....//....//secret",
        "\\x2e\\x2e\\x2fsecret", "．．／secret", "%%32%65%%32%65/secret", "a/..%5c..%5csecret",
    ])
    func stepsUpAreFound(text: String) { #expect(judge(text) == .certain) }

    @Test(arguments: [
        "../images/a.png", "wait.../then", "a/b/c", "1...2", "https://shop.example/a/../b", "etc.", "../", "50%/50%",
        "./a",
        "C:\\Users\\maria", "v1.2/v1.3", "...", "a..b/c..d", "10.0.0.1/24", "&#46;", "0x2e",
    ])
    func relativeLinksAndDotsAreNot(text: String) { #expect(judge(text) == nil) }

    @Test func invalidBytesAreReadAsLenientDecodersDo() {
        let overlong: [UInt8] = [0xc0, 0xae, 0xc0, 0xae, 0xc0, 0xaf] + Array("secret".utf8)
        #expect(PathGrammar.judge(overlong.span)?.confidence == .certain)
        let dropped: [UInt8] = [0xc0, 0x2e, 0xc0, 0x2e, 0xc0, 0x2f] + Array("secret".utf8)
        #expect(PathGrammar.judge(dropped.span)?.confidence == .certain)
    }
}

@Suite struct URLGrammarTests {
    private func judge(_ text: String) -> Confidence? {
        let bytes = Array(text.utf8)
        return URLGrammar.judge(bytes.span)?.confidence
    }

    @Test(arguments: [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
        "http://0/",
        "https://169.254.169.254/latest", "http://bank.example@evil.example/", "https://0xa9.0xfe.0xa9.0xfe/",
        "\\\\127.0.0.1\\share", "see http://0x7f.1/", "http://272.254.169.254.example@1.1.1.1/",
    ])
    func hostsThatHideOrPointInsideAreFound(text: String) { #expect(judge(text) == .certain) }

    @Test(arguments: [
        "https://shop.example/a?b=c", "http://192.0.2.7/", "https://maria:secret@git.example/a", "//cdn.example/a.js",
        "https://example.org:8080/", "a//b", "// a comment", "http://1.2/", "https://maria@example.org/", "https://",
    ])
    func ordinaryAddressesAreNot(text: String) { #expect(judge(text) == nil) }
}

/// What every grammar promises for any input.
@Suite struct GrammarTests {
    @Test(arguments: Grammar.allCases)
    func anyBytesGetAnAnswer(grammar: Grammar) {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<3_000 {
            let text = random.bytes(upTo: 64)
            if let verdict = grammar.judge(text.span) { #expect(verdict.range.lowerBound >= 0) }
        }
    }

    /// Ten times the text may cost little more than ten times the work, also for texts made to be read over and over.
    @Test(arguments: Grammar.allCases)
    func workGrowsWithTheLength(grammar: Grammar) {
        for piece in ["<a '", "' or ", "../", "%25", "<", "((", "'\"", "//1.", "alert(", "/*", "top[", "'+'", "a=b "] {
            let short = Array(repeatElement(Array(piece.utf8), count: 400).joined())
            let long = Array(repeatElement(Array(piece.utf8), count: 16_000).joined())
            let clock = ContinuousClock()
            let few = (0..<5).map { _ in clock.measure { _ = grammar.judge(short.span) } }.min() ?? .zero
            let many = (0..<3).map { _ in clock.measure { _ = grammar.judge(long.span) } }.min() ?? .zero
            #expect(many < few * 400 + .milliseconds(5), "\(grammar) \(piece): \(few) and \(many)")
        }
    }
}
