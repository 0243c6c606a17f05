package import Core
package import Reactor

/// The types configuration knows, each with its bound.
extension ConfigurationReader {
    /// An empty text is refused unless it is the default or `allowsEmpty`.
    package func string(
        _ key: String, default fallback: String? = nil, secret: Bool = false, atMost maximum: Int = 4_096,
        allowsEmpty: Bool = false, about: String = ""
    ) -> String {
        let minimum = allowsEmpty || fallback == "" ? 0 : 1
        return value(
            key, default: fallback, placeholder: "", secret: secret,
            expectation: "a text of \(minimum) to \(maximum) bytes", about: about, show: { $0 }
        ) { (minimum...maximum).contains($0.utf8.count) && !$0.utf8.contains(0) ? $0 : nil }
    }

    /// A text that may be absent; an empty one counts as absent.
    package func optionalString(
        _ key: String, secret: Bool = false, atMost maximum: Int = 4_096, about: String = ""
    ) -> String? {
        let text = string(key, default: "", secret: secret, atMost: maximum, about: about)
        return text.isEmpty ? nil : text
    }

    package func integer(
        _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>, about: String = ""
    ) -> Int {
        value(
            key, default: fallback, placeholder: range.lowerBound,
            expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)", about: about,
            show: { String($0) }
        ) { Int($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    package func number(
        _ key: String, default fallback: Double? = nil, in range: ClosedRange<Double>, about: String = ""
    ) -> Double {
        value(
            key, default: fallback, placeholder: range.lowerBound,
            expectation: "a number from \(range.lowerBound) to \(range.upperBound)", about: about, show: { "\($0)" }
        ) { Double($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    package func boolean(_ key: String, default fallback: Bool? = nil, about: String = "") -> Bool {
        value(
            key, default: fallback, placeholder: false, expectation: "true or false", about: about,
            show: { $0 ? "true" : "false" }
        ) { ["true": true, "false": false][$0] }
    }

    package func duration(
        _ key: String, default fallback: Duration? = nil, in range: ClosedRange<Duration>, about: String = ""
    ) -> Duration {
        let bounds = "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        return value(
            key, default: fallback, placeholder: range.lowerBound,
            expectation: "a duration from \(bounds), such as 250ms, 30s, 15m or 12h", about: about,
            show: DurationText.format
        ) { DurationText.parse($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    package func byteCount(
        _ key: String, default fallback: ByteCount? = nil, in range: ClosedRange<ByteCount>, about: String = ""
    ) -> ByteCount {
        value(
            key, default: fallback, placeholder: range.lowerBound,
            expectation: "a size from \(range.lowerBound) to \(range.upperBound), such as 64KiB or 16MiB", about: about,
            show: \.description
        ) { ByteCount($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default fallback: Choice, about: String = ""
    ) -> Choice {
        value(
            key, default: fallback, placeholder: fallback,
            expectation: "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))", about: about,
            show: \.rawValue, parse: Choice.init(rawValue:))
    }

    /// An address to listen on or to connect to: `0.0.0.0:8080`, `[::]:8080` or `unix:/path`. Host names are texts.
    package func address(_ key: String, default fallback: SocketAddress? = nil, about: String = "") -> SocketAddress {
        value(
            key, default: fallback, placeholder: .loopback(port: 0),
            expectation: "an address with a port, such as 127.0.0.1:8080, [::1]:8080 or unix:/run/name.sock",
            about: about, show: \.description, parse: { SocketAddress($0) })
    }

    /// A list of texts: a YAML list in the file, separated by commas in the environment.
    package func list(
        _ key: String, default fallback: [String] = [], atMost maximum: Int = 256, about: String = ""
    ) -> [String] {
        resolve(
            key, default: fallback, placeholder: [],
            expectation: "a list of at most \(maximum) texts", about: about, show: { $0.joined(separator: ", ") }
        ) { candidate in
            let items = candidate.items ?? candidate.text?.split(separator: ",").map { String($0.drop { $0 == " " }) }
            return items.flatMap { $0.count <= maximum ? $0 : nil }
        }
    }
}
