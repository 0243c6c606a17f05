internal import PatternMatching

/// What a chain of transformations may do to a literal, told before any of them is done.
///
/// Without a byte of `tears` a value has the chain change letter case, take bytes away at `seams` and write seams, no more:
/// what stands in the form between two seams stood together in the value. So a literal without seams that is not in the
/// value is not in the form either, and the form need not be computed to know.
struct ChainSeams {
    private(set) var seams = ByteSet()
    /// Nil if the chain may make anything of any value.
    private(set) var tears: ByteSet? = ByteSet()

    init(_ chain: [SecLangTransformation]) {
        // What makes each transformation so far do anything, by way of those before it perhaps.
        var causes: [(creates: ByteSet, triggers: ByteSet)] = []
        func withCauses(_ bytes: ByteSet) -> ByteSet {
            causes.reduce(bytes) { $1.creates.intersects(bytes) ? $0 | $1.triggers : $0 }
        }
        for transformation in chain {
            guard let own = transformation.tears, let triggers = transformation.triggers else {
                tears = nil
                return
            }
            tears = tears.map { $0 | withCauses(own) }
            seams = seams | transformation.seams
            causes.append((transformation.creates, withCauses(triggers)))
        }
    }

    /// Of literals that a form must have one of: what a value must have one of. The rarest choice; nil if none tells much.
    func solid(_ choices: [[[UInt8]]]) -> [[UInt8]]? {
        guard tears != nil else { return nil }
        let solid = choices.map { $0.map(rarestPiece) }.filter { $0.allSatisfy(PatternRequirements.isUseful) }
        return solid.min { Rarity.of($0) < Rarity.of($1) }
    }

    private func rarestPiece(of literal: [UInt8]) -> [UInt8] {
        let pieces = literal.split { seams.contains($0) }.map(Array.init)
        return pieces.min { Rarity.of([$0]) < Rarity.of([$1]) } ?? []
    }
}

extension SecLangTransformation {
    /// Where it joins what did not stand together, unless the value has a byte of `tears`.
    fileprivate var seams: ByteSet {
        switch self {
        case .compressWhitespace, .replaceComments, .replaceNulls: ByteSet(" ")
        case .cmdLine: ByteSet(" /(")
        case .normalizePath, .normalizePathWin: ByteSet("/")
        default: ByteSet()
        }
    }

    /// A value without any of these has none of its literals torn or written; nil if any value may.
    fileprivate var tears: ByteSet? {
        switch self {
        case .lowercase, .uppercase, .compressWhitespace, .replaceComments, .replaceNulls, .trim, .trimLeft,
            .trimRight, .normalizePath, .normalizePathWin:
            ByteSet()
        case .cmdLine: ByteSet("\\\"'^")
        default: triggers
        }
    }
}
