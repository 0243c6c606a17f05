import Core

/// A profile as bytes: big-endian words, the first the version, the rest in the order of `storedBytes`.
extension ClientProfile {
    private static let version: UInt64 = 1
    private static let fixedWords = 4 + 5 * 2 + 4 * 4

    var storedBytes: [UInt8] {
        var words = [Self.version, firstSeen.word, lastSeen.word, sketchedSince.word]
        for count in [requests, notFound, errors, suspicious, failedLogins] {
            words += [count.stored.bitPattern, count.updatedAt.word]
        }
        for sketch in [paths, missingPaths, triedUsers, suspiciousRules] {
            words += (0..<4).map { sketch.bits[$0] }
        }
        for (category, moment) in reported.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            words += [UInt64(category.rawValue), moment.word]
        }
        return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }

    /// Nil for bytes of another version, or none of ours.
    init?(stored bytes: [UInt8]) {
        guard bytes.count.isMultiple(of: 8), bytes.count >= Self.fixedWords * 8 else { return nil }
        var words = stride(from: 0, to: bytes.count, by: 8).map { start in
            bytes[start..<(start + 8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }[...]
        guard words.popFirst() == Self.version, words.dropFirst(Self.fixedWords - 1).count.isMultiple(of: 2) else {
            return nil
        }
        self.init(at: Timestamp(takenFrom: &words))
        lastSeen = Timestamp(takenFrom: &words)
        sketchedSince = Timestamp(takenFrom: &words)
        for path in [\Self.requests, \.notFound, \.errors, \.suspicious, \.failedLogins] {
            self[keyPath: path] = DecayingCount(takenFrom: &words)
        }
        for path in [\Self.paths, \.missingPaths, \.triedUsers, \.suspiciousRules] {
            self[keyPath: path] = DistinctCount(takenFrom: &words)
        }
        while let category = words.popFirst() {
            guard let category = ThreatCategory(rawValue: Int(clamping: category)) else { return nil }
            reported[category] = Timestamp(takenFrom: &words)
        }
    }
}

extension Timestamp {
    fileprivate var word: UInt64 { UInt64(bitPattern: nanoseconds) }
    fileprivate init(takenFrom words: inout ArraySlice<UInt64>) {
        self.init(nanoseconds: Int64(bitPattern: words.popFirst() ?? 0))
    }
}

extension DecayingCount {
    fileprivate init(takenFrom words: inout ArraySlice<UInt64>) {
        let stored = Double(bitPattern: words.popFirst() ?? 0)
        self.init(stored: stored.isFinite ? max(0, stored) : 0, updatedAt: Timestamp(takenFrom: &words))
    }
}

extension DistinctCount {
    fileprivate init(takenFrom words: inout ArraySlice<UInt64>) {
        var bits = SIMD4<UInt64>.zero
        for index in 0..<4 { bits[index] = words.popFirst() ?? 0 }
        self.init(bits: bits)
    }
}
