import Core
import Cryptography

/// Tells one answer of the API from another (RFC 9110 §8.8.3), so that whoever polls hears "as before" and no more.
struct EntityTag: Sendable, Equatable {
    let text: String

    init(of body: [UInt8]) { text = "\"\(Hex.encode(Array(SHA256.hash(body).prefix(16))))\"" }

    /// Whether `If-None-Match` names it; weak comparison (RFC 9110 §13.1.2).
    func isNamed(by condition: String) -> Bool {
        condition.split(separator: ",").contains { candidate in
            let candidate = candidate.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
            return candidate == "*" || candidate == text || candidate == "W/\(text)"
        }
    }
}
