import Core
import Cryptography

/// What a client has to work for: a number that, written behind the puzzle's text and a dot, gives a SHA-256 that begins
/// with so many zero bits. The text says by itself whether we made it, when, and how hard it is.
struct Puzzle: Sendable, Equatable {
    static let difficulties = 1...26
    static let lifetime = Duration.seconds(300)
    private static let tolerance = Duration.seconds(30)
    private static let randomBytes = 8
    private static let messageBytes = 5 + randomBytes

    /// 39 letters, so that with a dot and a number it fits one block of the hash.
    let text: String
    let difficulty: Int

    static func make(
        for binding: ChallengeBinding, difficulty: Int, now: Timestamp, _ secret: ChallengeSecret
    ) -> Puzzle {
        var message = bytes(UInt32(clamping: now.seconds))
        message.append(UInt8(clamping: difficulty))
        message += SecureRandom.bytes(randomBytes)
        let code = secret.code(.puzzle, message + binding.bytes, made: now)
        return Puzzle(text: Base64.encodeURL(message + code), difficulty: difficulty)
    }

    /// The code of a puzzle of ours that is solved by `number`, which stands for it where it is spent; or why it is not.
    static func check(
        _ text: String, solvedBy number: String, for binding: ChallengeBinding, now: Timestamp,
        _ secret: ChallengeSecret, atLeast least: Int = 0
    ) throws(ChallengeRefusal) -> [UInt8] {
        guard text.utf8.count <= 64, let all = Base64.decodeURL(text),
            all.count == messageBytes + ChallengeSecret.codeBytes
        else { throw .malformed }
        let message = Array(all.prefix(messageBytes))
        let code = Array(all.suffix(ChallengeSecret.codeBytes))
        let made = Timestamp(seconds: Int64(Self.number(message[..<4])))
        guard secret.isValid(code, .puzzle, message + binding.bytes, made: made) else { throw .notYours }
        guard made < now + tolerance, now < made + lifetime else { throw .late }
        let difficulty = Int(message[4])
        guard difficulty >= least, isSolution(number, of: text, difficulty: difficulty) else { throw .notSolved }
        return code
    }

    /// Of no difficulty is every number the solution: then the proof is another one.
    static func isSolution(_ number: String, of text: String, difficulty: Int) -> Bool {
        guard difficulty > 0 else { return true }
        guard (1...16).contains(number.utf8.count), number.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else { return false }
        let digest = SHA256.hash(Array("\(text).\(number)".utf8))
        let head = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return head.leadingZeroBitCount >= difficulty
    }

    static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }

    static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}

/// Why a proof is not accepted, in words for who sent it.
enum ChallengeRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed, notYours, late, notSolved, spent, busy, notVerified

    var description: String {
        switch self {
        case .malformed: "What was sent is no proof; open the page again and let it finish."
        case .notYours: "The proof was made for another address, browser or place; open the page again."
        case .late: "The proof came too late; try again."
        case .notSolved: "The proof is not right; try again."
        case .spent: "This proof was used before; try again."
        case .busy: "Too many proofs came in at once; try again in a minute."
        case .notVerified: "The answer to the question could not be verified; try again."
        }
    }
}
