import TestSupport
import Testing

@testable import Inspection

private func judge(_ text: String) -> Confidence? {
    let bytes = Array(text.utf8)
    return MarkupGrammar.judge(bytes.span)?.confidence
}

@Suite struct MarkupGrammarTests {
    @Test(arguments: [
        "<script>run()</script>", "<SCRIPT src=//evil.example/a.js>", "<svg/onload=run()>", "<x onpointerenter=run()>",
        "<img src=x onerror='run()'>", "\" autofocus onfocus=run(7) x=\"", "<a href='java\tscript:run(7)'>",
        "onclick=run(7)",
        "<iframe srcdoc='hello'>", "<b style='width:exp/**/ression(run(7))'>", "<form action=vbscript:run(7)>",
        "'-alert(7)-'", "\"+confirm(7)//", "top['al'+'ert'](7)", "[7].map(alert)", "[].find.call`${alert}7`",
        "document.cookie", "window['ev'+'al'](name)", "[].constructor.constructor('run()')()", "<svg:script>run()",
        "(0,alert)`7`", "'];setTimeout('run()')//", "<object data='data:text/html,hello'>",
        "self[/al/.source+/ert/.source](7)",
    ])
    func whatABrowserWouldRunIsFound(text: String) { #expect(judge(text) == .certain) }

    @Test(arguments: [
        "a < b and b > c", "<b>bold</b> and <i>italic</i>", "<a href=\"https://shop.example/\" class='x'>shoes</a>",
        "1 <2",
        "please confirm (see below)", "the alert level (yellow)", "confirmation", "online=true", "only = 7", "i<3u",
        "<p style=\"color: red; margin: 0\">hello</p>", "<img src=\"/a.png\" alt=\"on time\">",
        "mail me <maria@example.org>",
        "this.value = 7", "the window. It is open", "self-help", "location: Berlin", "x.map(y)", "prompt: draw a cat",
        "{\"on\":\"off\"}", "if (a<b) return c", "top 10 [sic]", "parent[0]", "document the change", "function (x)",
        "<table><tr><td>1</td></tr></table>", "javascript: the good parts", "eval score", "write (me) back",
        "fetch the ball",
    ])
    func whatPeopleWriteIsNot(text: String) {
        let confidence = judge(text)
        #expect((confidence?.rawValue ?? 0) < Confidence.likely.rawValue, "\(String(describing: confidence))")
    }

    @Test func anyBytesGetAnAnswer() {
        var random = SeededGenerator(seed: 5)
        let pieces = [
            "<", ">", "/", "a", "script", " on", "click", "=", "'", "\"", "`", "alert", "(", ")", "[", "]", "document",
            ".",
            "cookie", "style", "\\", "+", " ", "\u{0}", "&", ":", "javascript", "href", "constructor", "/*", "*/", "é",
        ].map { Array($0.utf8) }
        for _ in 0..<4_000 {
            var text: [UInt8] = []
            for _ in 0..<(random.next() % 24) { text += pieces[Int(random.next() % UInt64(pieces.count))] }
            if let verdict = MarkupGrammar.judge(text.span) {
                #expect(verdict.range.lowerBound >= 0 && verdict.range.upperBound <= max(7, text.count))
            }
        }
    }
}
