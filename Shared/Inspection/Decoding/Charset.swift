/// Character sets in which an attack's bytes look like nothing and that some servers still decode when they are asked to.
enum Charset: UInt8, Sendable {
    case utf16
    case utf16BigEndian
    /// EBCDIC, code page 037.
    case ibm037

    private static let table = WordTable<Charset>([
        (.utf16, "utf-16 utf16 utf-16le ucs-2 unicode"), (.utf16BigEndian, "utf-16be unicodefffe"),
        (
            .ibm037,
            "ibm037 cp037 ibm-037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-wt ebcdic-cp-nl csibm037 cp1140 ibm01140 ibm500 cp500"
        ),
    ])

    /// What a Content-Type asks for, if it is one of these.
    init?(ofContentType value: Span<UInt8>) {
        for index in value.indices where value.hasPrefix("charset=", at: index) {
            var start = index + 8
            if start < value.count, value[start] == UInt8(ascii: "\"") || value[start] == UInt8(ascii: "'") {
                start += 1
            }
            var end = start
            while end < value.count, value[end].isWordByte || value[end] == UInt8(ascii: "-") { end += 1 }
            guard let known = Self.table(value, start..<end) else { return nil }
            self = known
            return
        }
        return nil
    }

    /// The text in UTF-8, as far as its ASCII is concerned; other characters become what they may.
    func decode(_ text: Span<UInt8>, into output: inout [UInt8]) {
        switch self {
        case .ibm037: for index in text.indices { output.append(Self.ebcdic[Int(text[index])]) }
        case .utf16, .utf16BigEndian:
            let isMarked = text.count >= 2 && text[0] ^ text[1] == 0x01 && text[0] >= 0xfe
            let isBig = isMarked ? text[0] == 0xfe : self == .utf16BigEndian || text.count > 1 && text[0] == 0
            var index = isMarked ? 2 : 0
            while index + 1 < text.count {
                let unit =
                    isBig
                    ? UInt32(text[index]) << 8 | UInt32(text[index + 1])
                    : UInt32(text[index + 1]) << 8 | UInt32(text[index])
                Escapes.append(unit, &output)
                index += 2
            }
        }
    }

    /// Latin-1 for each byte; what is not ASCII is a question mark.
    private static let ebcdic: [UInt8] = {
        var table = [UInt8](repeating: UInt8(ascii: "?"), count: 256)
        func put(_ first: Int, _ text: StaticString) {
            for (offset, byte) in text.description.utf8.enumerated() { table[first + offset] = byte }
        }
        put(0x81, "abcdefghi"); put(0x91, "jklmnopqr"); put(0xa2, "stuvwxyz")
        put(0xc1, "ABCDEFGHI"); put(0xd1, "JKLMNOPQR"); put(0xe2, "STUVWXYZ"); put(0xf0, "0123456789")
        put(0x4b, ".<(+|&"); put(0x5a, "!$*);"); put(0x60, "-/"); put(0x6b, ",%_>?"); put(0x79, "`:#@'=\"")
        put(0xa1, "~"); put(0xb0, "^"); put(0xba, "[]"); put(0xc0, "{"); put(0xd0, "}"); put(0xe0, "\\"); put(0x40, " ")
        put(0x05, "\t"); put(0x0d, "\r"); put(0x15, "\n"); put(0x25, "\n"); table[0] = 0
        return table
    }()
}
