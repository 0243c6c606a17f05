import Core
import Cryptography

/// Tells one answer from another (RFC 9110 §8.8.3), so that whoever asks again hears "as before" and no more.
package struct EntityTag: Sendable, Equatable {
    package let text: String

    /// As an answer has it.
    package init(_ text: String) { self.text = text }

    init(of body: [UInt8]) { text = "\"\(Hex.encode(Array(SHA256.hash(body).prefix(16))))\"" }

    /// Whether `If-None-Match` names it; weak comparison (RFC 9110 §13.1.2).
    package func isNamed(by condition: String) -> Bool {
        condition.split(separator: ",").contains { candidate in
            let candidate = candidate.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
            return candidate == "*" || Self.opaque(candidate) == Self.opaque(text[...])
        }
    }

    package func isWeaklyEqual(to other: EntityTag) -> Bool { Self.opaque(text[...]) == Self.opaque(other.text[...]) }

    private static func opaque(_ tag: Substring) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag }
}
