internal import Core

/// What is fuzzed, by name. A target's whole duty is not to crash, not to hang and not to eat memory: hostile bytes may
/// be refused but never trap.
let fuzzTargets: [String: @Sendable ([UInt8]) -> Void] = [
    "encodings": { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        _ = (TraceContext(text), UUIDv7(text), Base64.decode(text), Base64.decodeURL(text), ByteCount(text))
        _ = Hex.decode(bytes)
    }
]
