import Core
import Foundation
import Synchronization
import Telemetry
import Testing

private final class RecordingSink: LogSink {
    private let recorded = Mutex<[[UInt8]]>([])
    var lines: [String] { recorded.withLock { $0 }.map { String(decoding: $0, as: UTF8.self) } }
    func write(_ line: [UInt8], level: LogLevel) { recorded.withLock { $0.append(line) } }
    func flush(deadline: Deadline) {}
}

private func parsed(_ line: some StringProtocol) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
}

@Suite struct LoggerTests {
    private let sink = RecordingSink()

    @Test func `a JSON line carries time, level, service, message, trace and fields`() throws {
        let log = Logger(service: .agentCoordinator, sink: sink)
        let trace = try #require(TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        log.with(["queue": "work"]).with(trace: trace, request: "r-1")
            .warning("a message waited long", ["waited_milliseconds": .milliseconds(.microseconds(1_500)), "count": 3])
        let line = try #require(sink.lines.first)
        let object = try parsed(line)
        #expect(line.hasSuffix("}\n"))
        #expect(object["level"] as? String == "warning")
        #expect(object["service"] as? String == "agent-coordinator")
        #expect(object["message"] as? String == "a message waited long")
        #expect(object["trace"] as? String == "0af7651916cd43dd8448eb211c80319c")
        #expect(object["span"] as? String == "b7ad6b7169203331")
        #expect(object["request"] as? String == "r-1")
        #expect(object["queue"] as? String == "work")
        #expect(object["waited_milliseconds"] as? Double == 1.5)
        #expect(object["count"] as? Int == 3)
        let time = try #require(object["time"] as? String)
        let moment = try #require(Timestamp(rfc3339: time))
        #expect(moment <= .now)
    }

    static let hostile: [String] = [
        "line\nbreak", "carriage\rreturn", "null\u{0}", "escape \u{1b}[2J\u{1b}]0;owned\u{7}", "c1 \u{9b}31m",
        "separator \u{2028}\u{2029}", "bidi \u{202e}gpj.exe", "quote \" and \\", "}\n{\"level\":\"info\"",
        "\u{feff}mark", "emoji 🦊 and é",
    ]

    @Test(arguments: hostile, LogFormat.allCases)
    func `text from outside stays inside its line`(text: String, format: LogFormat) throws {
        let log = Logger(service: .gateway, sink: sink, format: format)
        log.info("refused", ["path": .string(text), "all": .list([text])])
        let line = try #require(sink.lines.first)
        let body = line.dropLast()
        #expect(line.hasSuffix("\n"))
        let plain = format == .json ? String(body) : String(body.replacing(/\u{1b}\[[0-9]+m/, with: ""))
        let forbidden = plain.unicodeScalars.filter {
            $0.value < 0x20 || (0x7f...0x9f).contains($0.value) || (0x2028...0x202e).contains($0.value)
        }
        #expect(forbidden.isEmpty)
        if format == .json {
            #expect(try parsed(line)["path"] as? String == text)
        } else {
            #expect(!line.contains("\u{1b}[2J"))
        }
    }

    @Test(arguments: LogFormat.allCases)
    func `only a terminal is sent colours`(format: LogFormat) throws {
        let trace = try #require(TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        let log = Logger(service: .gateway, sink: sink, format: format, level: .debug).with(trace: trace, request: "r")
        log.debug("seen", ["a": 1])
        log.error("broken", ["b": "two"])
        #expect(sink.lines.allSatisfy { $0.contains("\u{1b}[") == (format == .terminal) })
        guard format == .text else { return }
        #expect(sink.lines[1].dropFirst(13).hasPrefix("error   broken"))
        #expect(sink.lines[1].contains("  b=\"two\"  ") && sink.lines[1].hasSuffix("c80319c\n"))
    }

    @Test func `a field cannot pose as the line's own level`() throws {
        Logger(service: .gateway, sink: sink).info("login", ["level": "error", "message": "forged"])
        let object = try parsed(sink.lines[0])
        #expect(object["level"] as? String == "info")
        #expect(object["message"] as? String == "login")
        #expect(object["field.level"] as? String == "error")
    }

    @Test func `a long value is cut between characters and says its size`() throws {
        Logger(service: .gateway, sink: sink).info("big", ["value": .string(String(repeating: "é", count: 5_000))])
        let value = try #require(parsed(sink.lines[0])["value"] as? String)
        #expect(value.utf8.count < 2_100)
        #expect(value.hasPrefix("éé"))
        #expect(value.hasSuffix("é… (10000 bytes)"))
    }

    @Test func `fields beyond the maximum and items beyond a list's are left out`() throws {
        var fields = LogFields()
        for number in 0..<200 { fields["f\(number)"] = .int(number) }
        fields["f0"] = .list((0..<100).map(String.init))
        Logger(service: .gateway, sink: sink).info("many", fields)
        let object = try parsed(sink.lines[0])
        #expect(object.keys.filter { $0.hasPrefix("f") }.count == LogFields.maximum)
        #expect((object["f0"] as? [String])?.last == "… (100 items)")
    }

    @Test func `numbers JSON cannot hold are written as text`() throws {
        Logger(service: .gateway, sink: sink).info("odd", ["a": .double(.nan), "b": .double(-.infinity)])
        let object = try parsed(sink.lines[0])
        #expect(object["a"] as? String == "nan")
        #expect(object["b"] as? String == "-inf")
    }

    @Test func `a level below the logger's costs nothing and writes nothing`() {
        let log = Logger(service: .gateway, sink: sink, level: .warning)
        var evaluated = false
        func fields() -> LogFields {
            evaluated = true
            return [:]
        }
        log.info("hidden", fields())
        #expect(!evaluated)
        #expect(sink.lines.isEmpty)
        log.with(["a": 1]).level = .info
        log.info("shown", fields())
        #expect(evaluated)
        #expect(sink.lines.count == 1)
    }
}

@Suite struct DescriptorLogSinkTests {
    @Test(arguments: [Duration.zero, .milliseconds(5)])
    func `lines from many threads arrive whole and in each writer's order`(linger: Duration) async throws {
        let pipe = Pipe()
        let sink = DescriptorLogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor, linger: linger)
        let log = Logger(service: .gateway, sink: sink)
        let reader = Task.detached { () -> [Substring] in
            var received = Data()
            while received.count(where: { $0 == UInt8(ascii: "\n") }) < 4_000 {
                received.append(pipe.fileHandleForReading.availableData)
            }
            return String(decoding: received, as: UTF8.self).split(separator: "\n")
        }
        await withTaskGroup { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<1_000 { log.info("line", ["writer": .int(writer), "number": .int(number)]) }
                }
            }
        }
        var next = [0, 0, 0, 0]
        for line in await reader.value {
            let object = try parsed(line)
            let writer = try #require(object["writer"] as? Int)
            #expect(object["number"] as? Int == next[writer])
            next[writer] += 1
        }
        #expect(next == [1_000, 1_000, 1_000, 1_000])
    }

    @Test func `a reader that stalls makes lines drop, and a line says how many`() throws {
        let pipe = Pipe()
        let sink = DescriptorLogSink(
            descriptor: pipe.fileHandleForWriting.fileDescriptor, buffering: .kibibytes(64))
        let log = Logger(service: .gateway, sink: sink)
        // Nobody reads yet: whoever waited here would wait for ever.
        for number in 0..<20_000 { log.info("flood", ["number": .int(number)]) }
        let dropped = sink.droppedLines
        #expect(dropped > 10_000)
        var received: [UInt8] = []
        while !String(decoding: received.suffix(4_096), as: UTF8.self).contains("\"lines\":\(dropped)}") {
            received.append(contentsOf: pipe.fileHandleForReading.availableData)
        }
        let lines = String(decoding: received, as: UTF8.self).split(separator: "\n")
        let flood = lines.filter { $0.contains("\"flood\"") }.count
        // Those that were dropped before the writer first came to a halt have a notice of their own.
        let told = try lines.filter { $0.contains("\"lines\":") }.map { try #require(try parsed($0)["lines"] as? Int) }
        #expect(told.last == dropped)
        #expect(flood + told.reduce(0, +) == 20_000)
    }

    @Test func `what becomes of the descriptor's number is no concern of the sink`() throws {
        let (pipe, other) = (Pipe(), Pipe())
        let number = pipe.fileHandleForWriting.fileDescriptor
        let sink = DescriptorLogSink(descriptor: number)
        #expect(dup2(other.fileHandleForWriting.fileDescriptor, number) == number)
        sink.write(Array("one\n".utf8), level: .info)
        sink.flush(deadline: .after(.seconds(30)))
        try other.fileHandleForWriting.close()
        try pipe.fileHandleForWriting.close()
        #expect(try other.fileHandleForReading.readToEnd() == nil)
        #expect(pipe.fileHandleForReading.availableData == Data("one\n".utf8))
    }

    @Test func `flush returns when everything accepted was written, and at its deadline when it cannot be`() throws {
        let pipe = Pipe()
        let sink = DescriptorLogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        sink.write(Array("one\n".utf8), level: .info)
        sink.flush(deadline: .after(.seconds(30)))
        #expect(pipe.fileHandleForReading.availableData == Data("one\n".utf8))
        sink.write([UInt8](repeating: 0x2e, count: 1 << 20), level: .info)
        let deadline = Deadline.after(.milliseconds(50))
        sink.flush(deadline: deadline)
        #expect(deadline.hasPassed)
    }
}
