/// Writes a short ASCII text straight into the String that will hold it: identifiers and addresses are rendered for
/// every request.
@safe
struct ShortText {
    private let storage: UnsafeMutableBufferPointer<UInt8>
    private var count = 0

    /// `write` may append at most `capacity` bytes.
    static func make(capacity: Int, _ write: (inout ShortText) -> Void) -> String {
        unsafe String(unsafeUninitializedCapacity: capacity) { storage in
            var text = unsafe ShortText(storage: storage)
            write(&text)
            return text.count
        }
    }

    /// The same as bytes: an array costs a fifth of a String of more than 15 characters.
    static func makeBytes(capacity: Int, _ write: (inout ShortText) -> Void) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: capacity) { storage, count in
            var text = unsafe ShortText(storage: storage)
            write(&text)
            count = text.count
        }
    }

    private init(storage: UnsafeMutableBufferPointer<UInt8>) { unsafe self.storage = storage }

    mutating func append(_ byte: UInt8) {
        unsafe precondition(count < storage.count, "a short text is longer than was said")
        unsafe storage.initializeElement(at: count, to: byte)
        count += 1
    }

    /// The lowest `digits` hexadecimal digits.
    mutating func append(hexadecimal value: UInt64, digits: Int) {
        unsafe precondition(count + digits <= storage.count, "a short text is longer than was said")
        let all = (
            Hex.digits(UInt32(truncatingIfNeeded: value >> 32)), Hex.digits(UInt32(truncatingIfNeeded: value))
        )
        unsafe withUnsafeBytes(of: all) { all in
            for digit in 0..<digits {
                unsafe storage.initializeElement(at: count &+ digit, to: all[16 &- digits &+ digit])
            }
        }
        count += digits
    }

    mutating func append(decimal value: UInt8) {
        if value >= 100 { append(UInt8(ascii: "0") + value / 100) }
        if value >= 10 { append(UInt8(ascii: "0") + value / 10 % 10) }
        append(UInt8(ascii: "0") + value % 10)
    }
}
