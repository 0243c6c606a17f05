package enum RandomText {
    /// 160 random bits as letters and digits, safe in every file format and URL.
    package static func make() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        var random = SystemRandomNumberGenerator()
        return String((0..<32).map { _ in alphabet[Int(random.next() & 31)] })
    }

    /// 256 random bits in hexadecimal: a key.
    package static func makeKey() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<64).map { _ in String(Int(random.next() & 15), radix: 16) }.joined()
    }
}
