package import PatternMatching

/// One step of undoing what hides a value's meaning. Rules name a chain of them; chains with a common beginning share
/// its work, and a value that has none of a step's `triggers` passes it for free.
package enum Transformation: UInt8, Sendable, CaseIterable {
    /// Percent (also `%uXXXX`), HTML entities, `\xXX` and `\uXXXX`, again until nothing changes, at most four times.
    case unescape
    /// Overlong UTF-8 and full-width forms become the ASCII they stand for.
    case foldUnicode
    case removeNulls
    case lowercase
    /// Each run of white space becomes one space.
    case compressWhitespace
    case removeWhitespace
    /// SQL comments become a space; what stands in MySQL's `/*! … */` stays.
    case replaceSQLComments
    /// Quotes, backslashes and carets go; `$IFS` becomes a space.
    case unquoteShell
    /// Backslashes become slashes; `//` and `/./` become `/`. `..` stays: it is what the rules look for.
    case normalizePath

    /// A value without any of these bytes is left as it is.
    package var triggers: ByteSet {
        switch self {
        case .unescape: Self.unescapeTriggers
        case .foldUnicode: Self.foldTriggers
        case .removeNulls: Self.nullTriggers
        case .lowercase: .asciiUppercase
        case .compressWhitespace, .removeWhitespace: Self.whitespace
        case .replaceSQLComments: Self.commentTriggers
        case .unquoteShell: Self.shellTriggers
        case .normalizePath: Self.pathTriggers
        }
    }

    static let whitespace = ByteSet([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20])
    private static let unescapeTriggers = ByteSet("%&\\")
    private static let foldTriggers = ByteSet(0xc0...0xef as ClosedRange<UInt8>)
    private static let nullTriggers = ByteSet([0])
    private static let commentTriggers = ByteSet("*")
    private static let shellTriggers = ByteSet("'\"\\^$+")
    private static let pathTriggers = ByteSet("/\\")

    /// Writes the result to `output`, which is empty, and says whether it differs from the input. It never becomes
    /// longer than the input.
    package func apply(_ input: Span<UInt8>, into output: inout [UInt8], spare: inout [UInt8]) -> Bool {
        switch self {
        case .unescape: return Escapes.decode(input, into: &output, spare: &spare)
        case .foldUnicode: return UnicodeFolding.fold(input, into: &output)
        case .removeNulls: return input.remove(into: &output) { $0 == 0 }
        case .lowercase: input.lowercase(into: &output)
        case .compressWhitespace: return input.compressWhitespace(into: &output)
        case .removeWhitespace: return input.remove(into: &output) { $0 == 0x20 || $0 >= 0x09 && $0 <= 0x0d }
        case .replaceSQLComments: return SQLComments.replace(input, into: &output)
        case .unquoteShell: ShellQuoting.remove(input, into: &output)
        case .normalizePath: return PathNormalization.normalize(input, into: &output)
        }
        return true
    }
}

extension [UInt8] {
    /// A run at once.
    mutating func append(_ text: Span<UInt8>) {
        guard !text.isEmpty else { return }
        unsafe text.withUnsafeBufferPointer { source in
            append(addingCapacity: source.count) { (room: inout OutputSpan<UInt8>) in
                unsafe room.withUnsafeMutableBufferPointer { target, count in
                    guard let to = target.baseAddress, let from = source.baseAddress else { return }
                    unsafe to.initialize(from: from, count: source.count)
                    count = source.count
                }
            }
        }
    }
}

extension Span<UInt8> {
    /// Writes nothing and returns false if nothing is to be removed.
    @inline(__always) func remove(into output: inout [UInt8], where isRemoved: (UInt8) -> Bool) -> Bool {
        var run = 0
        var changed = false
        for index in indices where isRemoved(self[index]) {
            output.append(extracting(run..<index))
            run = index + 1
            changed = true
        }
        if changed { output.append(extracting(run..<count)) }
        return changed
    }

    func copy(into output: inout [UInt8], where isKept: (UInt8) -> Bool) {
        for index in indices where isKept(self[index]) { output.append(self[index]) }
    }

    func lowercase(into output: inout [UInt8]) {
        for index in indices { output.append(self[index].lowercased) }
    }

    /// Writes nothing and returns false if each run is one space already.
    func compressWhitespace(into output: inout [UInt8]) -> Bool {
        var run = 0
        var index = 0
        // A run of text goes on over single spaces.
        while let wide = wideSpace(from: index) {
            let start = wide > run && self[wide - 1] == 0x20 ? wide - 1 : wide
            output.append(extracting(run..<start))
            index = wide
            while index < count, Self.isWhitespace(self[index]) { index += 1 }
            output.append(0x20)
            run = index
        }
        guard index > 0 else { return false }
        output.append(extracting(run..<count))
        return true
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 0x09 && byte <= 0x0d }

    /// The first white space that does not stay as it is: no space, or the second in a row.
    private func wideSpace(from start: Int) -> Int? {
        var index = start
        while true {
            index = place(from: index, { $0.marks(below: 0x21) }, { $0 <= 0x20 })
            guard index < count else { return nil }
            let byte = self[index]
            if byte >= 0x09, byte <= 0x0d { return index }
            if byte == 0x20, index + 1 < count, Self.isWhitespace(self[index + 1]) { return index + 1 }
            index += 1
        }
    }

    /// Whether `text` (lower case) stands at `index`, letter case ignored.
    func hasPrefix(_ text: StaticString, at index: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard index >= 0, index + length <= count else { return false }
        for offset in 0..<length {
            let wanted = unsafe text.utf8Start[offset]
            if self[index + offset].lowercased != wanted { return false }
        }
        return true
    }
}

extension UInt8 {
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5a ? self | 0x20 : self }

    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
