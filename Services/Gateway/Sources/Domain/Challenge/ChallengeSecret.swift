import Core
import Cryptography

/// Signs puzzles and passes with keys that change every day by themselves: each day's key is derived from one secret that
/// all replicas share, so they agree without talking, and a key that leaked opens one day.
///
/// A second secret is accepted and never used for signing: with it the secret itself can be changed without taking anybody's
/// pass away.
struct ChallengeSecret: Sendable {
    enum Purpose: String {
        case puzzle, pass
        /// A pass that only signing in gives, never a puzzle.
        case signIn
    }

    static let shortest = 32
    /// Of an authentication code: 128 bits.
    static let codeBytes = 16
    private static let secondsOfAKey: Int64 = 86_400

    private let secret: [UInt8]
    private let previous: [UInt8]?

    init(_ secret: [UInt8], previous: [UInt8]? = nil) { (self.secret, self.previous) = (secret, previous) }

    /// `message` holds the time of its making, whose day's key is used.
    func code(_ purpose: Purpose, _ message: [UInt8], made: Timestamp) -> [UInt8] {
        Self.code(purpose, message, made: made, secret)
    }

    func isValid(_ code: [UInt8], _ purpose: Purpose, _ message: [UInt8], made: Timestamp) -> Bool {
        constantTimeEquals(code, Self.code(purpose, message, made: made, secret))
            || previous.map { constantTimeEquals(code, Self.code(purpose, message, made: made, $0)) } ?? false
    }

    private static func code(
        _ purpose: Purpose, _ message: [UInt8], made: Timestamp, _ secret: [UInt8]
    ) -> [UInt8] {
        let label = "infinite.challenge.\(purpose.rawValue).\(made.seconds / secondsOfAKey)"
        let key = HMACSHA256.code(for: Array(label.utf8), key: secret)
        return Array(HMACSHA256.code(for: message, key: key).prefix(codeBytes))
    }
}
