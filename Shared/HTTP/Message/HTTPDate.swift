internal import Core

/// Dates in fields (RFC 9110 §5.6.7): written as `Sun, 06 Nov 1994 08:49:37 GMT`, read in the two older forms too.
package enum HTTPDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    package static func text(secondsSince1970 seconds: Int64) -> String {
        let day = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let time = seconds - day * 86_400
        let date = CivilDay(daysSince1970: Int(day))
        let weekday = weekdays[Int((day % 7 + 7) % 7)]
        let year = twoDigits(Int64(date.year / 100)) + twoDigits(Int64(date.year % 100))
        let clock = [time / 3_600, time / 60 % 60, time % 60].map(twoDigits).joined(separator: ":")
        return "\(weekday), \(twoDigits(Int64(date.day))) \(months[date.month - 1]) \(year) \(clock) GMT"
    }

    /// Nil for what is no date in any of the three forms. The day of the week is not looked at.
    package static func secondsSince1970(_ text: some StringProtocol) -> Int64? {
        let words = text.split(separator: " ")
        switch words.count {
        case 6 where words[5] == "GMT": return moment(words[3], words[2], words[1], at: words[4])
        // Sunday, 06-Nov-94 08:49:37 GMT
        case 4 where words[3] == "GMT":
            let date = words[1].split(separator: "-")
            guard date.count == 3, date[2].count == 2, let year = Int64(date[2]), year >= 0 else { return nil }
            return moment(year < 70 ? "\(2_000 + year)" : "\(1_900 + year)", date[1], date[0], at: words[2])
        // Sun Nov  6 08:49:37 1994
        case 5: return moment(words[4], words[1], words[2], at: words[3])
        default: return nil
        }
    }

    private static func moment(
        _ year: some StringProtocol, _ month: some StringProtocol, _ dayOfMonth: some StringProtocol,
        at clock: some StringProtocol
    ) -> Int64? {
        let parts = clock.split(separator: ":")
        guard year.utf8.count == 4, let year = number(year), let month = months.firstIndex(where: { $0 == month }),
            let dayOfMonth = number(dayOfMonth), parts.count == 3,
            let hour = number(parts[0]), hour < 24, let minute = number(parts[1]), minute < 60,
            let second = number(parts[2]), second <= 60
        else { return nil }
        guard let day = CivilDay(year: Int(year), month: month + 1, day: Int(dayOfMonth)) else { return nil }
        return Int64(day.daysSince1970) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    private static func number(_ text: some StringProtocol) -> Int64? {
        text.utf8.count <= 4 && text.utf8.allSatisfy { $0 &- 0x30 < 10 } ? Int64(text) : nil
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
