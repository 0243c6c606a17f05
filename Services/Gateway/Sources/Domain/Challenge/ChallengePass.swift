import Core
import Cryptography

/// What a client gets for a proof, and shows with every request: a cookie that says until when, signed for this client and
/// for what asked.
enum ChallengePass {
    private static let tolerance = Duration.seconds(30)
    private static let messageBytes = 8

    /// One name for each thing that asks, so that passes do not overwrite each other.
    static func cookieName(of scope: String) -> String {
        cookiePrefix + Hex.encode(Array(SHA256.hash(Array(scope.utf8)).prefix(6)))
    }

    static let cookiePrefix = "infinite_pass_"

    static func make(
        _ purpose: ChallengeSecret.Purpose = .pass, for binding: ChallengeBinding, lifetime: Duration, now: Timestamp,
        _ secret: ChallengeSecret
    ) -> String {
        let message =
            Puzzle.bytes(UInt32(clamping: now.seconds)) + Puzzle.bytes(UInt32(clamping: (now + lifetime).seconds))
        return Base64.encodeURL(message + secret.code(purpose, message + binding.bytes, made: now))
    }

    static func isValid(
        _ text: some StringProtocol, _ purpose: ChallengeSecret.Purpose = .pass, for binding: ChallengeBinding,
        now: Timestamp, _ secret: ChallengeSecret
    ) -> Bool {
        guard text.utf8.count <= 64, let all = Base64.decodeURL(text),
            all.count == messageBytes + ChallengeSecret.codeBytes
        else { return false }
        let message = Array(all.prefix(messageBytes))
        let made = Timestamp(seconds: Int64(Puzzle.number(message[..<4])))
        let expires = Timestamp(seconds: Int64(Puzzle.number(message[4...])))
        guard made < now + tolerance, now < expires else { return false }
        return secret.isValid(
            Array(all.suffix(ChallengeSecret.codeBytes)), purpose, message + binding.bytes, made: made)
    }
}
