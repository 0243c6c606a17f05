/// How much of a message is accepted. Beyond a bound the message is refused, never truncated.
package struct HTTPLimits: Sendable {
    /// RFC 9112 §3 asks for at least 8,000 bytes.
    package var maximumStartLineBytes = 8 << 10
    /// The whole head with its start line.
    package var maximumHeadBytes = 32 << 10
    package var maximumFields = 100
    /// Of content, decoded. The body streams, so this is policy, not memory.
    package var maximumBodyBytes = 64 << 20
    /// Chunk extensions of a whole message: nobody needs them, attackers fill them.
    package var maximumChunkExtensionBytes = 4 << 10
    package var maximumTrailerBytes = 8 << 10

    package init() {}
}
