import Core
import Foundation
import Testing

@Suite struct CalendarTextTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000000Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_795_258_014_123_456_789, "2026-11-21T10:46:54.123456Z"),
        (-2_208_988_800_000_000_000, "1900-01-01T00:00:00.000000Z"),
    ])
    func `a moment is written in UTC with microseconds`(nanoseconds: Int64, text: String) {
        #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
    }

    @Test func `every day of four centuries agrees with Foundation`() throws {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: false)
        for day in stride(from: -100_000, through: 100_000, by: 7) {
            let seconds = Int64(day) * 86_400 + 45_296
            let text = style.format(Date(timeIntervalSince1970: Double(seconds)))
            let moment = Timestamp(seconds: seconds)
            #expect(moment.rfc3339.prefix(19) == text.prefix(19))
            #expect(Timestamp(rfc3339: text) == moment)
        }
    }

    @Test(arguments: [
        ("2026-11-21T12:46:54.5+02:00", Int64(1_795_258_014_500_000_000)),
        ("2026-11-21t10:46:54z", 1_795_258_014_000_000_000),
        ("2026-11-21T10:46:54.1234567891Z", 1_795_258_014_123_456_789),
        ("2026-11-21T06:16:54-04:30", 1_795_258_014_000_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
    ])
    func `other offsets and fractions are read`(text: String, nanoseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-11-21T10:46:54", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-21 10:46:54Z",
        "2026-11-21T24:00:00Z", "2026-11-21T10:46:54.Z", "2026-11-21T10:46:54Zx", "9999-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z", "2026-11-21T10:46:54+2:00", "+026-11-21T10:46:54Z",
        "2026-11-21T10:46:54Z" + String(repeating: " ", count: 100),
    ])
    func `anything else is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }
}
