/// What can go wrong with a key, a password hash or a sealed message. No case carries secret bytes.
package enum CryptographyFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// A key's text or bytes are not what they claim to be.
    case malformedKey(String)
    /// The key is real, but of a kind this product does not use.
    case unsupportedKey(String)
    /// A sealed message was changed, cut short, or sealed under another key.
    case notAuthentic
    /// A stored password hash is not one of ours, or asks for more memory than a verification may use.
    case malformedPasswordHash(String)
    /// The library refused; the number is its own error code.
    case library(operation: String, code: UInt)

    package var description: String {
        switch self {
        case .malformedKey(let reason): "the key cannot be read: \(reason)"
        case .unsupportedKey(let reason): "the key cannot be used: \(reason)"
        case .notAuthentic: "the sealed message was changed, cut short, or sealed under another key"
        case .malformedPasswordHash(let reason): "the password hash cannot be used: \(reason)"
        case .library(let operation, let code): "\(operation) failed in the cryptographic library with code \(code)"
        }
    }
}
