/// Timestamps as people and APIs write them: RFC 3339, always UTC when written, any offset when read.
///
/// The calendar is `CivilDay`'s.
extension Timestamp {
    /// `2026-11-21T10:46:03.123456Z`, always with six decimals so that lines align and sort.
    package var rfc3339: String { String(decoding: rfc3339Bytes, as: UTF8.self) }

    package var rfc3339Bytes: [UInt8] {
        let day = CivilDay(daysSince1970: Int(flooredSeconds.flooredDividing(by: 86_400)))
        let secondOfDay = Int(flooredSeconds.flooredRemainder(by: 86_400))
        let fraction = Int(nanoseconds.flooredRemainder(by: 1_000_000_000)) / 1_000
        return ShortText.makeBytes(capacity: 27) { text in
            text.append(decimal: day.year, width: 4)
            text.append(UInt8(ascii: "-"))
            text.append(decimal: day.month, width: 2)
            text.append(UInt8(ascii: "-"))
            text.append(decimal: day.day, width: 2)
            text.append(UInt8(ascii: "T"))
            text.append(decimal: secondOfDay / 3_600, width: 2)
            text.append(UInt8(ascii: ":"))
            text.append(decimal: secondOfDay / 60 % 60, width: 2)
            text.append(UInt8(ascii: ":"))
            text.append(decimal: secondOfDay % 60, width: 2)
            text.append(UInt8(ascii: "."))
            text.append(decimal: fraction, width: 6)
            text.append(UInt8(ascii: "Z"))
        }
    }

    /// Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`; nil for anything else, for days that do not exist, and for
    /// moments an `Int64` of nanoseconds cannot hold. A leap second (`:60`) counts as the second after it.
    package init?(rfc3339 text: some StringProtocol) {
        var reader = CalendarReader(text: Array(text.utf8))
        guard text.utf8.count <= 64,
            let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let dayOfMonth = reader.number(2), reader.skip("T") || reader.skip("t"),
            let day = CivilDay(year: year, month: month, day: dayOfMonth),
            let hour = reader.number(2), hour < 24, reader.skip(":"), let minute = reader.number(2), minute < 60,
            reader.skip(":"), let second = reader.number(2), second <= 60,
            let fraction = reader.fraction(), let offset = reader.offsetSeconds(), reader.isAtEnd
        else { return nil }
        let whole = day.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
        let (nanoseconds, overflow) = Int64(whole).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = nanoseconds.addingReportingOverflow(Int64(fraction))
        guard !overflow, !carried else { return nil }
        self.init(nanoseconds: sum)
    }
}

extension Timestamp {
    /// Whole seconds, rounded toward the past also before 1970.
    fileprivate var flooredSeconds: Int64 { nanoseconds.flooredDividing(by: 1_000_000_000) }
}

private struct CalendarReader {
    let text: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == text.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func digit() -> Int? {
        guard position < text.count, (0x30...0x39).contains(text[position]) else { return nil }
        position += 1
        return Int(text[position - 1] & 15)
    }

    mutating func number(_ width: Int) -> Int? {
        var value = 0
        for _ in 0..<width {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Nanoseconds; digits beyond the ninth are read and dropped.
    mutating func fraction() -> Int? {
        guard skip(".") else { return 0 }
        guard let first = digit() else { return nil }
        var (value, scale) = (first * 100_000_000, 10_000_000)
        while let next = digit() {
            value += next * scale
            scale /= 10
        }
        return value
    }

    mutating func offsetSeconds() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        let isWest = skip("-")
        guard isWest || skip("+"), let hours = number(2), hours < 24, skip(":"), let minutes = number(2), minutes < 60
        else { return nil }
        return (hours * 3_600 + minutes * 60) * (isWest ? -1 : 1)
    }
}

extension Int64 {
    fileprivate func flooredDividing(by divisor: Int64) -> Int64 { (self - flooredRemainder(by: divisor)) / divisor }
    fileprivate func flooredRemainder(by divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
