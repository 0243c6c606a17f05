internal import Glibc

/// A linear model over hashed features of a text: how its symbols, its shape and its words follow one another.
///
/// What the features are stands in `Tools/ModelTraining/features.py`, which must do exactly the same; a model file brings
/// texts with their results, and one that this code reads otherwise is refused.
///
/// A text is read once, symbol by symbol, without allocation: about six multiplications and table look-ups a byte. The
/// look-ups are summed in blocks of 32 positions, and the worst two neighbours decide: what is harmless around an attack
/// does not thin it out.
struct ValueModel: Sendable {
    /// Longer texts are read up to here.
    static let maximumText = 512
    static let weightCount = 1 << 16

    let weights: [Int8]
    /// What one step of a weight is worth.
    let scale: Float
    let bias: Float

    /// The log odds that this is part of an attack, before calibration.
    func logit(_ text: Span<UInt8>) -> Float {
        var reader = ValueReader()
        let weights = weights.span
        reader.take(0x01, weights)
        var last: UInt8 = 0x01
        for index in 0..<min(text.count, Self.maximumText) {
            let symbol = ValueReader.fold(text[index])
            if symbol == last, ValueReader.isRun(symbol) { continue }
            last = symbol
            reader.take(symbol, weights)
        }
        reader.take(0x02, weights)
        return bias + scale * reader.finish()
    }
}

/// The running state of one reading.
private struct ValueReader {
    private static let block = 32

    /// The last eight symbols, and the last eight of the shape.
    private var symbols: UInt64 = 0
    private var shape: UInt64 = 0
    private var position = 0
    private var shapeLength = 0
    private var wordLength = 0
    private var wordHash: UInt64 = 0
    private var beforeWord: UInt64 = 0
    private var sum: Int32 = 0
    private var previousSum: Int32 = 0
    private var blocks = 0
    private var worst = -Float.infinity

    @inline(__always) static func fold(_ byte: UInt8) -> UInt8 {
        if byte <= 0x20 || byte == 0x7f { return 0x20 }
        if byte >= 0x80 { return 0x80 }
        if byte >= 0x30, byte <= 0x39 { return 0x30 }
        return byte.lowercased
    }

    /// Of these symbols several in a row are one.
    @inline(__always) static func isRun(_ symbol: UInt8) -> Bool { symbol == 0x20 || symbol == 0x30 || symbol == 0x80 }

    @inline(__always) private mutating func add(_ key: UInt64, _ factor: UInt64, _ weights: Span<Int8>) {
        // Sixteen bits cannot lead out of 65,536 weights; the loader accepts no other number of them.
        sum &+= Int32(unsafe weights[unchecked: Int(truncatingIfNeeded: (key &* factor) >> 48)])
    }

    @inline(__always) mutating func take(_ symbol: UInt8, _ weights: Span<Int8>) {
        if position & (Self.block - 1) == 0, position != 0 { finishBlock() }
        let isLetter = symbol >= 0x61 && symbol <= 0x7a
        let previous = symbols & 0xff
        symbols = symbols << 8 | UInt64(symbol)
        if position >= 2 { add(symbols & 0xff_ffff, 0x9e37_79b9_7f4a_7c15, weights) }
        if position >= 3 { add(symbols & 0xffff_ffff, 0xc2b2_ae3d_27d4_eb4f, weights) }
        if position >= 4 { add(symbols & 0xff_ffff_ffff, 0x165667b19e3779f9, weights) }
        position += 1
        if isLetter {
            if wordLength == 0 { beginWord(previous, weights) }
            if wordLength < 16 { wordHash = (wordHash ^ UInt64(symbol)) &* 0x100_0000_01b3 }
            wordLength += 1
        } else {
            takeShape(symbol, weights)
            if wordLength >= 2 { endWord(symbol, weights) }
            wordLength = 0
        }
    }

    @inline(__always) private mutating func beginWord(_ before: UInt64, _ weights: Span<Int8>) {
        beforeWord = before
        wordHash = 0
        takeShape(0x61, weights)
    }

    @inline(__always) private mutating func endWord(_ behind: UInt8, _ weights: Span<Int8>) {
        add(wordHash, 0x5899_65cc_7537_4cc3, weights)
        add(wordHash ^ beforeWord << 56, 0x1d8e_4e27_c47d_124f, weights)
        add(wordHash ^ UInt64(behind) << 56, 0xeb44_acca_b455_d165, weights)
    }

    @inline(__always) private mutating func takeShape(_ symbol: UInt8, _ weights: Span<Int8>) {
        shape = shape << 8 | UInt64(symbol)
        shapeLength += 1
        if shapeLength >= 3 { add(shape & 0xff_ffff, 0xd6e8_feb8_6659_fd93, weights) }
        if shapeLength >= 4 { add(shape & 0xffff_ffff, 0xa076_1d64_78bd_642f, weights) }
        if shapeLength >= 5 { add(shape & 0xff_ffff_ffff, 0xe703_7ed1_a0b4_28db, weights) }
        if shapeLength >= 6 { add(shape & 0xffff_ffff_ffff, 0x8ebc_6af0_9c88_c6e3, weights) }
    }

    @inline(__always) private mutating func finishBlock() {
        if blocks > 0 { weigh(previousSum &+ sum, 2 * Self.block) }
        previousSum = sum
        sum = 0
        blocks += 1
    }

    @inline(__always) private mutating func weigh(_ sum: Int32, _ positions: Int) {
        worst = max(worst, Float(sum) / Float(positions).squareRoot())
    }

    /// The worst window's sum over the root of its length.
    @inline(__always) mutating func finish() -> Float {
        // What is left is at least the last symbol of the text.
        let rest = position - blocks * Self.block
        if blocks > 0 { weigh(previousSum &+ sum, Self.block + rest) } else { weigh(sum, rest) }
        return worst
    }
}
