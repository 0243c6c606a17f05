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
        // Made with its zeros, because the library's way around them is generic when it runs and costs three times as much.
        var bytes = [UInt8](repeating: 0, count: capacity)
        let count = unsafe bytes.withUnsafeMutableBufferPointer { storage in
            var text = unsafe ShortText(storage: storage)
            write(&text)
            return text.count
        }
        bytes.removeLast(capacity - count)
        return bytes
    }

    private init(storage: UnsafeMutableBufferPointer<UInt8>) { unsafe self.storage = storage }

    mutating func append(_ byte: UInt8) {
        unsafe precondition(count < storage.count, "a short text is longer than was said")
        unsafe storage.initializeElement(at: count, to: byte)
        count += 1
    }

    /// The lowest `digits` hexadecimal digits.
    mutating func append(hexadecimal value: UInt64, digits: Int) {
        if digits > 8 { append(Hex.digits(UInt32(truncatingIfNeeded: value >> 32)), digits - 8) }
        append(Hex.digits(UInt32(truncatingIfNeeded: value)), min(digits, 8))
    }

    /// The last `digits` of eight, as they stand in memory. Where there is room all eight are stored at once: what follows
    /// is written over the rest.
    private mutating func append(_ eight: UInt64, _ digits: Int) {
        unsafe precondition(count + digits <= storage.count, "a short text is longer than was said")
        let wanted = (eight.littleEndian >> UInt64((8 - digits) * 8)).littleEndian
        if let start = unsafe storage.baseAddress, unsafe storage.count - count >= 8 {
            unsafe UnsafeMutableRawPointer(start + count).storeBytes(of: wanted, as: UInt64.self)
        } else {
            unsafe withUnsafeBytes(of: wanted) { wanted in
                for digit in 0..<digits { unsafe storage.initializeElement(at: count + digit, to: wanted[digit]) }
            }
        }
        count += digits
    }

    mutating func append(decimal value: UInt8) {
        if value >= 100 { append(UInt8(ascii: "0") + value / 100) }
        if value >= 10 { append(UInt8(ascii: "0") + value / 10 % 10) }
        append(UInt8(ascii: "0") + value % 10)
    }

    /// The last `width` digits, with zeros in front.
    mutating func append(decimal value: Int, width: Int) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
