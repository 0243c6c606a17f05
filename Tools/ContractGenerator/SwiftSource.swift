/// Lines of Swift with their indentation.
struct SwiftSource {
    private(set) var lines: [String] = []
    private var depth = 0

    static let maximumWidth = 120

    mutating func line(_ text: String = "") {
        lines.append(text.isEmpty ? "" : String(repeating: "    ", count: depth) + text)
    }

    mutating func block(_ opening: String, closing: String = "}", _ body: (inout SwiftSource) -> Void) {
        line(opening)
        indented(body)
        line(closing)
    }

    mutating func indented(_ body: (inout SwiftSource) -> Void) {
        depth += 1
        body(&self)
        depth -= 1
    }

    mutating func comment(_ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let trimmed = line.hasPrefix(" ") ? line.dropFirst() : line
            self.line(trimmed.isEmpty ? "///" : "/// \(trimmed)")
        }
    }

    /// `opening` + items + `closing` in one line where it fits, otherwise the items in a line each.
    mutating func list(_ opening: String, _ items: [String], _ closing: String) {
        let inOneLine = opening + items.joined(separator: ", ") + closing
        guard depth * 4 + inOneLine.count > Self.maximumWidth else {
            line(inOneLine)
            return
        }
        block(opening, closing: closing) { source in
            for (index, item) in items.enumerated() {
                source.line(item + (index + 1 < items.count ? "," : ""))
            }
        }
    }

    /// A call, its arguments in a line of their own where it would be too wide.
    mutating func call(_ text: String) {
        guard depth * 4 + text.count > Self.maximumWidth, let parenthesis = text.firstIndex(of: "(") else {
            line(text)
            return
        }
        line(String(text[...parenthesis]))
        indented { source in source.line(String(text[parenthesis...].dropFirst())) }
    }

    var text: String { lines.joined(separator: "\n") + "\n" }
}
