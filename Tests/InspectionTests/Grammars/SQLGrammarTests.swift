import TestSupport
import Testing

@testable import Inspection

private func judge(_ text: String) -> Confidence? {
    let bytes = Array(text.utf8)
    return SQLGrammar.judge(bytes.span)?.confidence
}

@Suite struct SQLGrammarTests {
    @Test(arguments: [
        "x' or 7=7 --", "x' or 'a' like 'a", "maria') and (3<4", "maria'; drop table orders", "9 or 9=9",
        "9 || 9 is null",
        "9) union all select name from members", "x' union/**/select 1,2", "x'||sleep(9)||'",
        "x' and exists(select 1)--",
        "9 and ascii(substr(user(),1,1))>70", "maria'--", "maria')) -- ", "maria'/*", "9; waitfor delay '0:0:9'",
        "9;exec xp_cmdshell 'dir'", "x' group by 3 having 1=1 --", "(select * from members)",
        "9 or not 3 between 4 and 5",
        "x\" or \"\"=\"", "x' sounds like 'x' or '1'='1", "9 /*!50000union*/ /*!select*/ 1", "x' div 1 or 1#",
        "9 or @@version is not null", "select secret from vault where id=1", "x'+(select 1)+'",
        "x' or 1=1 limit 1 -- a",
        "case when 7=7 then 1 else 0 end", "9 procedure analyse(extractvalue(1,2),1)",
        "9 union select {d '2026-01-01'}",
    ])
    func whatChangesAStatementIsFound(text: String) {
        let confidence = judge(text)
        #expect(confidence == .certain || confidence == .likely, "\(String(describing: confidence))")
    }

    @Test(arguments: [
        "O'Brien", "rock 'n' roll", "it's mine or yours", "one or two", "a = b", "\"red\" or \"blue\"", "5 - 3",
        "5 -- 3 left",
        "select your seat", "union of states", "drop me a line; call me later", "order by Friday", "x and y",
        "status = 'open' and owner = 'maria'", "price < 20 and price > 10", "'tis the season -- again", "#tag",
        "C# or F#",
        "don't -- just don't", "1, 2, 3", "f(x) = 2x", "100%", "(see below)", "50/50", "a|b", "--", "/* note */", "'",
        "''",
        "maria or@example.org", "-boots -shoes 'red' --leather black", "5; begin the day",
        "the case when all else fails",
        "1 and a half", "2 or 3 people", "and so on", "or not", "is it in or out?",
    ])
    func whatPeopleWriteIsNot(text: String) {
        let confidence = judge(text)
        #expect((confidence?.rawValue ?? 0) < Confidence.likely.rawValue, "\(String(describing: confidence))")
    }

    @Test func theTokenizerKnowsTheDialects() {
        func kinds(_ text: String) -> [SQLToken.Kind] {
            let bytes = Array(text.utf8)
            var tokenizer = SQLTokenizer(from: 0)
            var kinds: [SQLToken.Kind] = []
            while let token = tokenizer.next(bytes.span) { kinds.append(token.kind) }
            return kinds
        }
        #expect(kinds("1or 1") == [.number, .word, .number])
        #expect(kinds("0x41 1e5 .5") == [.number, .number, .number])
        #expect(kinds("'a''b' \"c\\\"d\" 'open") == [.string, .string, .openString])
        #expect(kinds("n'x' [my column] `name`") == [.string, .word, .word])
        #expect(
            kinds("a<=>b != c || d && e") == [
                .word, .comparison, .word, .comparison, .word, .connective, .word, .connective, .word,
            ])
        #expect(kinds("/* x */ 1 -- y\n2 # z") == [.number, .number, .finalComment])
        #expect(kinds("@@version @a count (1)") == [.variable, .variable, .call, .opening, .number, .closing])
    }

    @Test func anyBytesGetAnAnswer() {
        var random = SeededGenerator(seed: 4)
        let pieces = [
            "'", "\"", " or ", "union", " select ", "(", ")", "--", "/*", "*/", "#", ";", "1", "=", "a", "@", "`", "[",
            "{",
            "\\", "\u{0}", " by ", "order", ",", "||", "case when ", "é",
        ].map { Array($0.utf8) }
        for _ in 0..<4_000 {
            var text: [UInt8] = []
            for _ in 0..<(random.next() % 24) { text += pieces[Int(random.next() % UInt64(pieces.count))] }
            if let verdict = SQLGrammar.judge(text.span) {
                #expect(verdict.range.lowerBound >= 0 && verdict.range.upperBound <= max(1, text.count))
            }
        }
    }
}
