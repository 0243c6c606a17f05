package import Core
internal import Synchronization

/// Structured logging: a message that is a constant of the program, and fields for everything that varies.
///
/// A line never contains a raw newline or control character, whatever the fields hold, so nobody who controls a field
/// can forge a line. A logger is a value: `with` returns one that adds fields or a trace to every line. Writing
/// formats the line on the caller's thread and hands it to the sink, which never waits.
package struct Logger: Sendable {
    private let root: Root
    private var bound = LogFields()
    private var trace: TraceContext?

    package init(service: ServiceName, sink: any LogSink, format: LogFormat = .json, level: LogLevel = .info) {
        root = Root(service: service.operatorName, sink: sink, format: format, level: level)
    }

    /// Writes nothing: for tests and tools that have nobody to tell.
    package static let silent = Logger(service: .gateway, sink: DiscardingLogSink(), level: .error)

    package func with(_ fields: LogFields) -> Logger {
        var logger = self
        logger.bound = bound.merging(fields)
        return logger
    }

    package func with(trace: TraceContext?, request: String? = nil) -> Logger {
        var logger = self
        logger.trace = trace
        if let request { logger.bound["request"] = .string(request) }
        return logger
    }

    /// Applies to every logger made from the same root, at once: a reload may change it.
    package var level: LogLevel {
        get { LogLevel.allCases[Int(root.rank.load(ordering: .relaxed))] }
        nonmutating set { root.rank.store(newValue.rank, ordering: .relaxed) }
    }

    package func isEnabled(_ level: LogLevel) -> Bool { level.rank >= root.rank.load(ordering: .relaxed) }

    package func debug(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.debug, message, fields())
    }
    package func info(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.info, message, fields())
    }
    package func warning(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warning, message, fields())
    }
    package func error(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.error, message, fields())
    }

    package func log(_ level: LogLevel, _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        guard isEnabled(level) else { return }
        let line = LogLine(
            time: .now, level: level, service: root.service, message: message, trace: trace,
            fields: bound.entries.isEmpty ? fields() : bound.merging(fields()))
        root.sink.write(root.format.render(line), level: level)
    }

    /// Waits until what was logged is written, at most until the deadline: call it before the process ends.
    package func flush(deadline: Deadline) { root.sink.flush(deadline: deadline) }

    private final class Root: Sendable {
        let service: String
        let sink: any LogSink
        let format: LogFormat
        let rank: Atomic<UInt8>

        init(service: String, sink: any LogSink, format: LogFormat, level: LogLevel) {
            self.service = service
            self.sink = sink
            self.format = format
            rank = Atomic(level.rank)
        }
    }
}
