internal import Core

/// How a line looks: JSON for machines, coloured columns for a person at a terminal.
package enum LogFormat: String, CaseIterable, Sendable {
    case json
    case terminal

    /// Longer values are cut, and say how much is missing.
    static let maximumValueBytes = 2_048
    static let maximumListCount = 32

    func render(_ line: LogLine) -> [UInt8] {
        var writer = LogWriter()
        switch self {
        case .json: line.writeJSON(to: &writer)
        case .terminal: line.writeTerminal(to: &writer)
        }
        return writer.bytes
    }
}

/// One line before it has a shape.
struct LogLine {
    var time: Timestamp
    var level: LogLevel
    var service: String
    var message: StaticString
    var trace: TraceContext?
    var fields: LogFields

    /// Names the line itself uses. A field of such a name is written as `field.<name>`.
    private static let ownNames: Set<String> = ["time", "level", "service", "message", "trace", "span"]

    func writeJSON(to writer: inout LogWriter) {
        writer.raw("{\"time\":\"")
        writer.bytes.append(contentsOf: time.rfc3339Bytes)
        writer.raw("\",\"level\":\"")
        writer.raw(level.rawValue)
        writer.raw("\",\"service\":")
        writer.quoted(service)
        writer.raw(",\"message\":")
        writer.quoted(message.description)
        if let trace {
            writer.member("trace", .string(trace.traceID))
            writer.member("span", .string(trace.spanID))
        }
        for (name, value) in fields.entries.prefix(LogFields.maximum) {
            writer.member(Self.ownNames.contains(name) ? "field.\(name)" : name, value)
        }
        writer.raw("}\n")
    }

    func writeTerminal(to writer: inout LogWriter) {
        writer.raw("\u{1b}[2m")
        writer.bytes.append(contentsOf: time.rfc3339Bytes[11..<23])
        writer.raw("\u{1b}[0m ")
        writer.raw(terminalLevel)
        writer.raw(" ")
        writer.text(message.description)
        for (name, value) in fields.entries.prefix(LogFields.maximum) {
            writer.raw("  \u{1b}[2m")
            writer.text(name)
            writer.raw("=\u{1b}[0m")
            writer.value(value)
        }
        if let trace {
            writer.raw("  \u{1b}[2mtrace=")
            writer.raw(trace.traceID)
            writer.raw("\u{1b}[0m")
        }
        writer.raw("\n")
    }

    private var terminalLevel: String {
        switch level {
        case .debug: "\u{1b}[2mdebug\u{1b}[0m  "
        case .info: "\u{1b}[32minfo\u{1b}[0m   "
        case .warning: "\u{1b}[33mwarning\u{1b}[0m"
        case .error: "\u{1b}[31merror\u{1b}[0m  "
        }
    }
}
