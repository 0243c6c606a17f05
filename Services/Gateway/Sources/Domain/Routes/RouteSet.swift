import Core
import Cryptography

/// Upstreams and routes that are kept by the API: a routes file of its own, under a name. Those of the file come first;
/// where both speak, the file is heard.
struct RouteSet: Sendable, Equatable {
    static let most = 64
    static let longestText = 128 << 10

    let name: String
    let text: String
    let digest: [UInt8]
    let changedAt: Timestamp
    /// The user who put it there.
    let changedBy: String

    init(name: String, text: String, changedAt: Timestamp, changedBy: String) {
        self.name = name
        self.text = text
        digest = SHA256.hash(Array(text.utf8))
        self.changedAt = changedAt
        self.changedBy = changedBy
    }

    static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
    }
}
