internal import Core

/// One value of a structured field. Text from outside is safe in it: it is escaped and cut when the line is written.
package enum LogValue: Sendable, Equatable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case list([String])

    /// Milliseconds with three decimals: name such fields `…_milliseconds`.
    package static func milliseconds(_ duration: Duration) -> LogValue {
        .double(Double(duration.wholeNanoseconds / 1_000) / 1_000)
    }
    package static func int(_ value: some BinaryInteger) -> LogValue { .int(Int64(clamping: value)) }
    package static func describing(_ value: some CustomStringConvertible) -> LogValue { .string(value.description) }
    package static func error(_ error: any Error) -> LogValue { .string(String(describing: error)) }
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// Fields in the order they were given, at most `LogFields.maximum` of them in a line.
package struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    package static let maximum = 64

    package private(set) var entries: [(name: String, value: LogValue)]

    package init() { entries = [] }
    package init(dictionaryLiteral elements: (String, LogValue)...) {
        entries = elements.map { (name: $0.0, value: $0.1) }
    }

    /// Sets a field; one of the same name is replaced where it stands.
    package subscript(name: String) -> LogValue? {
        get { entries.first { $0.name == name }?.value }
        set {
            let position = entries.firstIndex { $0.name == name }
            switch (position, newValue) {
            case (let position?, let value?): entries[position].value = value
            case (let position?, nil): entries.remove(at: position)
            case (nil, let value?): entries.append((name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    package func merging(_ others: LogFields) -> LogFields {
        var merged = self
        for (name, value) in others.entries { merged[name] = value }
        return merged
    }
}
