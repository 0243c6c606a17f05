internal import Core

/// How a line looks: JSON for machines, columns for a person, with colours only where a terminal shows them.
package enum LogFormat: String, CaseIterable, Sendable {
    case json
    case text
    case terminal

    /// Longer values are cut, and say how much is missing.
    static let maximumValueBytes = 2_048
    static let maximumListCount = 32

    func render(_ line: LogLine) -> [UInt8] {
        var writer = LogWriter()
        switch self {
        case .json: line.writeJSON(to: &writer)
        case .text: line.writeColumns(to: &writer, isColoured: false)
        case .terminal: line.writeColumns(to: &writer, isColoured: true)
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

    func writeColumns(to writer: inout LogWriter, isColoured: Bool) {
        func begin(_ style: Style) { if isColoured { writer.raw("\u{1b}[\(style.rawValue)m") } }
        func end() { if isColoured { writer.raw("\u{1b}[0m") } }
        begin(.faint)
        writer.bytes.append(contentsOf: time.rfc3339Bytes[11..<23])
        end()
        writer.raw(" ")
        begin(Style(level))
        writer.raw(level.rawValue)
        end()
        writer.raw(String(repeating: " ", count: max(0, "warning".utf8.count - level.rawValue.utf8.count) + 1))
        writer.text(message.description)
        for (name, value) in fields.entries.prefix(LogFields.maximum) {
            writer.raw("  ")
            begin(.faint)
            writer.text(name)
            writer.raw("=")
            end()
            writer.value(value)
        }
        if let trace {
            writer.raw("  ")
            begin(.faint)
            writer.raw("trace=")
            writer.raw(trace.traceID)
            end()
        }
        writer.raw("\n")
    }

    /// What a terminal calls "select graphic rendition".
    private enum Style: Int {
        case faint = 2
        case red = 31
        case green = 32
        case yellow = 33

        init(_ level: LogLevel) {
            self =
                switch level {
                case .debug: .faint
                case .info: .green
                case .warning: .yellow
                case .error: .red
                }
        }
    }
}
