package import Core

/// Where finished lines go. A sink must not wait: what it cannot take it drops, and says later how much it dropped.
package protocol LogSink: Sendable {
    /// `line` ends with a newline and contains no other.
    func write(_ line: [UInt8], level: LogLevel)
    func flush(deadline: Deadline)
}

struct DiscardingLogSink: LogSink {
    func write(_ line: [UInt8], level: LogLevel) {}
    func flush(deadline: Deadline) {}
}
