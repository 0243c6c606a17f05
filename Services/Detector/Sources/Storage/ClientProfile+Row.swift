import Core

/// A profile as bytes: big-endian words, the first the version, the rest in the order of `storedBytes`.
extension ClientProfile {
    private static let version: UInt64 = 2
    private static let words = ClientProfile(at: Timestamp(nanoseconds: 0)).storedBytes.count / 8

    var storedBytes: [UInt8] {
        var words = [Self.version, firstSeen.word, lastSeen.word, sketchedSince.word, counts.updatedAt.word]
        words += (0..<4).map {
            UInt64(counts.values[2 * $0].bitPattern) << 32 | UInt64(counts.values[2 * $0 + 1].bitPattern)
        }
        words += (0..<4).map { paths.bits[$0] }
        words += [missingPaths.bits, triedUsers.bits, suspiciousRules.bits]
        words += (0..<2).map { half in (0..<8).reduce(UInt64(0)) { $0 << 8 | UInt64(pathSpread[8 * half + $1]) } }
        words += [UInt64(telltales.rawValue) << 1 | (hasLoggedIn ? 1 : 0), agent]
        words += [pace.last.word, pace.interval.word, pace.rate.word, pace.sliceStart.word]
        words += [
            UInt64(pace.interval.count) << 48 | UInt64(pace.rate.count) << 32 | UInt64(pace.inSlice),
            UInt64(pace.surge.bitPattern) << 32 | UInt64(steps.run), steps.template, steps.number,
        ]
        words += (0..<8).map { UInt64(reports.seconds[2 * $0]) << 32 | UInt64(reports.seconds[2 * $0 + 1]) }
        return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }

    /// Nil for bytes of another version, or none of ours.
    init?(stored bytes: [UInt8]) {
        guard bytes.count.isMultiple(of: 8) else { return nil }
        let words = stride(from: 0, to: bytes.count, by: 8).map { start in
            bytes[start..<(start + 8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        var reader = WordReader(words: words[...])
        guard reader.next() == Self.version, words.count == Self.words else { return nil }
        self.init(at: reader.timestamp())
        (lastSeen, sketchedSince) = (reader.timestamp(), reader.timestamp())
        let countedAt = reader.timestamp()
        var values = SIMD8<Float>.zero
        for index in 0..<4 { (values[2 * index], values[2 * index + 1]) = reader.floats() }
        counts = DecayingCounts(values: values, updatedAt: countedAt)
        paths = DistinctCount(bits: SIMD4(reader.next(), reader.next(), reader.next(), reader.next()))
        missingPaths = SmallDistinctCount(bits: reader.next())
        triedUsers = SmallDistinctCount(bits: reader.next())
        suspiciousRules = SmallDistinctCount(bits: reader.next())
        for half in 0..<2 {
            let word = reader.next()
            for byte in 0..<8 { pathSpread[8 * half + byte] = UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * byte)) }
        }
        let traits = reader.next()
        (telltales, hasLoggedIn) = (Telltales(rawValue: UInt32(truncatingIfNeeded: traits >> 1)), traits & 1 == 1)
        agent = reader.next()
        readPace(&reader)
        var seconds = SIMD16<UInt32>.zero
        for index in 0..<8 {
            let word = reader.next()
            seconds[2 * index] = UInt32(truncatingIfNeeded: word >> 32)
            seconds[2 * index + 1] = UInt32(truncatingIfNeeded: word)
        }
        reports = ReportLog(seconds: seconds)
    }

    private mutating func readPace(_ reader: inout WordReader) {
        let (last, interval, rate, start) = (reader.timestamp(), reader.floats(), reader.floats(), reader.timestamp())
        let (counters, run) = (reader.next(), reader.next())
        pace = Pace(
            last: last,
            interval: RobustBaseline(
                level: interval.0, deviation: interval.1, count: UInt16(truncatingIfNeeded: counters >> 48)),
            rate: RobustBaseline(level: rate.0, deviation: rate.1, count: UInt16(truncatingIfNeeded: counters >> 32)),
            sliceStart: start, inSlice: UInt32(truncatingIfNeeded: counters),
            surge: Float(bitPattern: UInt32(truncatingIfNeeded: run >> 32)))
        steps = NumberedSteps(template: reader.next(), number: reader.next(), run: UInt32(truncatingIfNeeded: run))
    }
}

private struct WordReader {
    var words: ArraySlice<UInt64>

    mutating func next() -> UInt64 { words.popFirst() ?? 0 }
    mutating func timestamp() -> Timestamp { Timestamp(nanoseconds: Int64(bitPattern: next())) }
    mutating func floats() -> (Float, Float) {
        let word = next()
        return (
            Float(bitPattern: UInt32(truncatingIfNeeded: word >> 32)),
            Float(bitPattern: UInt32(truncatingIfNeeded: word))
        )
    }
}

extension Timestamp {
    fileprivate var word: UInt64 { UInt64(bitPattern: nanoseconds) }
}

extension RobustBaseline {
    fileprivate var word: UInt64 { UInt64(level.bitPattern) << 32 | UInt64(deviation.bitPattern) }
}
