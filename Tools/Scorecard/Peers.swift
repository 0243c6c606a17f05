/// What nginx with libmodsecurity 3.0.9 makes of the same sets at paranoia level 1, measured by replay on a machine of
/// the same kind: attacks found and honest requests refused, in percent.
enum Peers {
    struct Result: Equatable {
        var found: Double?
        var refused: Double?

        /// In percent; one half alone where a set has but one kind.
        var balanced: Double {
            let halves = [found, refused.map { 100 - $0 }].compactMap { $0 }
            return halves.reduce(0, +) / Double(max(1, halves.count))
        }
    }

    static let names = ["CRS 3.3.4", "CRS 4.28"]

    static let results: [String: [Result]] = [
        "gotestwaf": [Result(found: 39.9, refused: 22.7), Result(found: 48.0, refused: 9.2)],
        "wafbypass": [Result(found: 40.9, refused: 0), Result(found: 66.4, refused: 26)],
        "libinjection": [Result(found: 99.9, refused: 8.9), Result(found: 99.9, refused: 9.6)],
        "httpparams": [Result(found: 97.8, refused: 0), Result(found: 98.5, refused: 0)],
        "payload-lists": [Result(found: 66.9), Result(found: 69.7)],
        "naughty-strings": [Result(found: 89.6, refused: 2.2), Result(found: 92.2, refused: 0.9)],
        "browsing-har": [Result(refused: 3.5), Result(refused: 6.6)],
        "access-log": [Result(refused: 0.35), Result(refused: 0.45)],
        "webhooks": [Result(refused: 34.8), Result(refused: 37.4)],
    ]

    /// The same without nginx, in process, at paranoia levels 1 to 4, of a sample of each set: as `detection-benchmark
    /// levels` has written it down. A line that is none of its is left out.
    static func levels(_ text: String) -> [String: [Int: Result]] {
        var levels: [String: [Int: Result]] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int($0) }
            guard words.count == 6, numbers.count == 5 else { continue }
            levels[String(words[0]), default: [:]][numbers[0]] = Result(
                found: share(numbers[2], of: numbers[1]), refused: share(numbers[4], of: numbers[3]))
        }
        return levels
    }

    private static func share(_ part: Int, of all: Int) -> Double? {
        all == 0 ? nil : Double(part) * 100 / Double(all)
    }
}
