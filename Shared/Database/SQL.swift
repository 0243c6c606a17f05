/// The text of a statement. Only a literal in the source converts to it by itself, and an interpolated string does not:
/// what a stranger sent cannot become part of a statement by accident. Values travel as parameters, always.
package struct SQL: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let text: String

    package init(stringLiteral text: StaticString) { self.text = text.description }

    /// Text put together by our own code from literals and quoted identifiers. Each use is a place to review.
    package init(trusted text: String) { self.text = text }

    package static func + (left: SQL, right: SQL) -> SQL { SQL(trusted: left.text + right.text) }

    package var description: String { text }

    /// `name` as an identifier, whatever characters it has.
    package static func identifier(_ name: String) -> String { quote(name, with: "\"") }

    /// `text` as a string constant; for the few statements that take no parameters, such as `CREATE ROLE`.
    package static func literal(_ text: String) -> String {
        // With `standard_conforming_strings` on, as every connection of ours sets it, a backslash is a backslash.
        quote(text, with: "'")
    }

    /// PostgreSQL's texts hold no zero byte, so leaving it out loses nothing a server could have stored.
    private static func quote(_ text: String, with mark: Character) -> String {
        var quoted = String(mark)
        for character in text.unicodeScalars where character.value != 0 {
            quoted.unicodeScalars.append(character)
            if Character(character) == mark { quoted.append(mark) }
        }
        quoted.append(mark)
        return quoted
    }
}

/// A statement with its parameters `$1`, `$2`, ….
package struct Statement: Sendable {
    package var sql: SQL
    package var parameters: [SQLValue]

    package init(_ sql: SQL, _ parameters: [SQLValue] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}
