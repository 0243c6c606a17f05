import Foundation
import Testing

@Suite("Tidy: documents")
struct DocumentTests {
    static let documents = SourceTree.files.filter { $0.path.hasSuffix(".md") }

    @Test("The documents a newcomer looks for are there")
    func present() {
        for name in [
            "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/threat-model.md",
            "docs/life-of-a-request.md", "docs/adding-a-service.md", "docs/bus-topology.md", "k8s/README.md",
        ] {
            let isThere = SourceTree.exists(name)
            #expect(isThere, "\(name) is missing")
        }
    }

    @Test("Every link leads somewhere")
    func links() throws {
        for document in Self.documents {
            for link in try Links.relative(in: document) where !Links.leadsSomewhere(link, from: document) {
                Issue.record("\(document.path): dead link \(link)")
            }
        }
    }

    @Test("A dead link, a dead anchor and a live pair are told apart")
    func linkCheckWorks() throws {
        let text = """
            # A heading: with `code`
            [dead](nowhere.md) [dead anchor](#no-such-heading) [live](SourceTree.swift) [live anchor](#a-heading-with-code)
            [elsewhere](https://example.com) `[not a link](x)`
            ```
            [not a link either](y)
            ```
            """
        let document = SourceFile(path: "Tests/TidyTests/example.md", text: text)
        let dead = try Links.relative(in: document).filter { !Links.leadsSomewhere($0, from: document) }
        #expect(dead == ["nowhere.md", "#no-such-heading"])
    }

    @Test("Every command a document names is a target of the Makefile")
    func makeTargets() throws {
        let makefile = try #require(SourceTree.files.first { $0.path == "Makefile" })
        let expression = try NSRegularExpression(pattern: #"`make ([a-z-]+)"#)
        for document in Self.documents {
            let text = document.text as NSString
            for match in expression.matches(in: document.text, range: NSRange(location: 0, length: text.length)) {
                let target = text.substring(with: match.range(at: 1))
                let isThere = makefile.text.contains(" \(target)")
                #expect(isThere, "\(document.path): there is no `make \(target)`")
            }
        }
    }
}

enum Links {
    /// The targets of Markdown links, without those into the web and without code.
    static func relative(in document: SourceFile) throws -> [String] {
        let fences = try NSRegularExpression(pattern: "```.*?```", options: .dotMatchesLineSeparators)
        let spans = try NSRegularExpression(pattern: "`[^`\n]*`")
        let link = try NSRegularExpression(pattern: #"\[[^\]]*\]\(([^)\s]+)\)"#)
        let text = removing(spans, from: removing(fences, from: document.text)) as NSString
        return link.matches(in: text as String, range: NSRange(location: 0, length: text.length))
            .map { text.substring(with: $0.range(at: 1)) }
            .filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
    }

    static func leadsSomewhere(_ link: String, from document: SourceFile) -> Bool {
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let path = parts[0].isEmpty ? document.path : normalize("\(document.folder)/\(parts[0])")
        guard parts[0].isEmpty || SourceTree.exists(path) else { return false }
        guard parts.count == 2, path.hasSuffix(".md") else { return true }
        let target = path == document.path ? document : SourceTree.files.first { $0.path == path }
        return target.map { anchors(of: $0).contains(parts[1]) } ?? false
    }

    private static func anchors(of document: SourceFile) -> Set<String> {
        Set(
            document.lines.filter { $0.hasPrefix("#") }.map { heading in
                let words = heading.drop { $0 == "#" || $0 == " " }.lowercased()
                return String(words.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" })
                    .replacingOccurrences(of: " ", with: "-")
            })
    }

    private static func removing(_ expression: NSRegularExpression, from text: String) -> String {
        let range = NSRange(location: 0, length: (text as NSString).length)
        return expression.stringByReplacingMatches(in: text, range: range, withTemplate: "")
    }

    private static func normalize(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}
