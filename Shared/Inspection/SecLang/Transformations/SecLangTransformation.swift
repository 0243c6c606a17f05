internal import PatternMatching

/// ModSecurity's transformation functions, `t:` in a rule, byte for byte as its reference manual and its tests say.
package enum SecLangTransformation: String, Sendable, CaseIterable, BitwiseCopyable {
    case base64Decode
    case base64DecodeExt
    case base64Encode
    case cmdLine
    case compressWhitespace
    case cssDecode
    case escapeSeqDecode
    case hexDecode
    case hexEncode
    case htmlEntityDecode
    case jsDecode
    case length
    case lowercase
    case md5
    case normalizePath
    case normalizePathWin
    case parityEven7bit
    case parityOdd7bit
    case parityZero7bit
    case removeComments
    case removeCommentsChar
    case removeNulls
    case removeWhitespace
    case replaceComments
    case replaceNulls
    case sha1
    case sqlHexDecode
    case trim
    case trimLeft
    case trimRight
    case uppercase
    case urlDecode
    case urlDecodeUni
    case urlEncode
    case utf8toUnicode

    static let byName: [String: SecLangTransformation] = {
        var names: [String: SecLangTransformation] = [
            "normalisepath": .normalizePath, "normalisepathwin": .normalizePathWin,
        ]
        for transformation in allCases { names[transformation.rawValue.lowercased()] = transformation }
        return names
    }()

    /// A value without any of these bytes is left as it is; nil if any value may change.
    var triggers: ByteSet? {
        switch self {
        case .base64Decode, .base64DecodeExt, .base64Encode, .hexDecode, .hexEncode, .length, .md5, .sha1,
            .parityEven7bit, .parityOdd7bit, .urlEncode:
            nil
        case .cmdLine: ByteSet("\\\"'^,;/(") | .asciiUppercase | Self.whitespace
        case .compressWhitespace, .removeWhitespace: Self.whitespace | ByteSet([0xa0])
        case .cssDecode, .escapeSeqDecode, .jsDecode: ByteSet("\\")
        case .htmlEntityDecode: ByteSet("&")
        case .lowercase: .asciiUppercase
        case .uppercase: ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
        case .normalizePath: ByteSet("/.")
        case .normalizePathWin: ByteSet("/.\\")
        case .parityZero7bit: ByteSet(0x80...0xff as ClosedRange<UInt8>)
        case .removeComments, .removeCommentsChar: ByteSet("/*-#<>!")
        case .replaceComments: ByteSet("/")
        case .removeNulls, .replaceNulls: ByteSet([0])
        case .sqlHexDecode: ByteSet("xX")
        case .trim, .trimLeft, .trimRight: Self.whitespace
        case .urlDecode, .urlDecodeUni: ByteSet("%+")
        case .utf8toUnicode: ByteSet(0x80...0xff as ClosedRange<UInt8>)
        }
    }

    /// Whether the result may be longer than the value, letters beyond ASCII aside.
    var grows: Bool {
        switch self {
        case .base64Encode, .hexEncode, .length, .md5, .sha1, .urlEncode: true
        default: false
        }
    }

    /// Bytes that a value may have afterwards and had not before.
    var creates: ByteSet {
        switch self {
        case .removeWhitespace, .removeNulls, .removeCommentsChar, .trim, .trimLeft, .trimRight, .normalizePath:
            ByteSet()
        case .lowercase: ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
        case .uppercase: .asciiUppercase
        case .cmdLine: ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z")) | ByteSet(" ")
        case .compressWhitespace, .removeComments, .replaceComments, .replaceNulls: ByteSet(" ")
        case .normalizePathWin: ByteSet("/")
        default: ByteSet(0...255 as ClosedRange<UInt8>)
        }
    }

    private static let whitespace = ByteSet([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20])

    /// Whether a value that has triggers is left as it is all the same, as far as one look can tell: most spaces stand
    /// alone, most slashes begin a name.
    func leaves(_ input: Span<UInt8>) -> Bool {
        switch self {
        case .compressWhitespace: Whitespace.isCompressed(input)
        case .normalizePath: PathTransformations.isNormal(input)
        case .replaceComments: !input.hasPair(UInt8(ascii: "/"), UInt8(ascii: "*"))
        default: false
        }
    }

    /// Copied at once and changed in place, without a branch: most values are lowercased.
    private static func lowercase(_ input: Span<UInt8>, into output: inout [UInt8]) {
        let start = output.count
        unsafe input.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
        unsafe output.withUnsafeMutableBufferPointer { bytes in
            for index in start..<bytes.count {
                let byte = unsafe bytes[index]
                unsafe bytes[index] = byte | ((byte &- 0x41) < 26 ? 0x20 : 0)
            }
        }
    }

    /// Writes the result to `output`, which is empty.
    func apply(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.reserveCapacity(input.count)
        switch self {
        case .base64Decode: Base64Transformations.decode(input, into: &output, isLenient: false)
        case .base64DecodeExt: Base64Transformations.decode(input, into: &output, isLenient: true)
        case .base64Encode: Base64Transformations.encode(input, into: &output)
        case .cmdLine: CommandLine.simplify(input, into: &output)
        case .compressWhitespace: Whitespace.compress(input, into: &output)
        case .removeWhitespace: Whitespace.remove(input, into: &output)
        case .cssDecode: EscapeTransformations.css(input, into: &output)
        case .escapeSeqDecode: EscapeTransformations.ansiC(input, into: &output)
        case .jsDecode: EscapeTransformations.javaScript(input, into: &output)
        case .htmlEntityDecode: EntityTransformation.decode(input, into: &output)
        case .hexDecode: HexTransformations.decode(input, into: &output)
        case .hexEncode: HexTransformations.encode(input, into: &output)
        case .sqlHexDecode: HexTransformations.decodeSQL(input, into: &output)
        case .length: output += String(input.count).utf8
        case .lowercase: Self.lowercase(input, into: &output)
        case .uppercase:
            for index in input.indices {
                let byte = input[index]
                output.append((0x61...0x7a).contains(byte) ? byte & 0xdf : byte)
            }
        case .md5: output += SmallDigest.md5(input)
        case .sha1: output += SmallDigest.sha1(input)
        case .normalizePath: PathTransformations.normalize(input, isWindows: false, into: &output)
        case .normalizePathWin: PathTransformations.normalize(input, isWindows: true, into: &output)
        case .parityEven7bit: for index in input.indices { output.append(input[index].withParity(isOdd: false)) }
        case .parityOdd7bit: for index in input.indices { output.append(input[index].withParity(isOdd: true)) }
        case .parityZero7bit: for index in input.indices { output.append(input[index] & 0x7f) }
        case .removeComments: CommentTransformations.remove(input, into: &output)
        case .removeCommentsChar: CommentTransformations.removeMarks(input, into: &output)
        case .replaceComments: CommentTransformations.replace(input, into: &output)
        case .removeNulls: input.copy(into: &output) { $0 != 0 }
        case .replaceNulls: for index in input.indices { output.append(input[index] == 0 ? 0x20 : input[index]) }
        case .trim: Whitespace.trim(input, left: true, right: true, into: &output)
        case .trimLeft: Whitespace.trim(input, left: true, right: false, into: &output)
        case .trimRight: Whitespace.trim(input, left: false, right: true, into: &output)
        case .urlDecode: URLTransformations.decode(input, allowsUnicode: false, into: &output)
        case .urlDecodeUni: URLTransformations.decode(input, allowsUnicode: true, into: &output)
        case .urlEncode: URLTransformations.encode(input, into: &output)
        case .utf8toUnicode: UTF8ToUnicode.escape(input, into: &output)
        }
    }
}

extension UInt8 {
    /// What C's `isspace` says.
    var isSpace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
    /// The same with Latin-1's no-break space, as ModSecurity's white space functions have it.
    var isSecLangSpace: Bool { isSpace || self == 0xa0 }

    fileprivate func withParity(isOdd: Bool) -> UInt8 {
        let low = self & 0x7f
        return low.nonzeroBitCount.isMultiple(of: 2) != isOdd ? low : low | 0x80
    }
}
