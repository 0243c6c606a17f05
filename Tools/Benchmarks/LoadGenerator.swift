internal import Foundation
internal import LocalServers

/// `wrk`, pinned to the core that the servers do not use.
enum LoadGenerator {
    struct Result {
        var requests: Int
        var requestsPerSecond: Double
    }

    static func run(port: Int, connections: Int, seconds: Int) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/taskset")
        process.arguments = [
            "-c", "1", "wrk", "-t1", "-c\(connections)", "-d\(seconds)s", "http://127.0.0.1:\(port)/",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, let requests = number(before: " requests in", in: text),
            let rate = text.split(separator: "\n").first(where: { $0.hasPrefix("Requests/sec:") }),
            let perSecond = rate.split(separator: " ").last.flatMap({ Double($0) }), requests > 0
        else { throw BenchmarkFailure("wrk gave no result: \(text)") }
        guard !text.contains("Socket errors"), !text.contains("Non-2xx") else {
            throw BenchmarkFailure("requests failed: \(text)")
        }
        return Result(requests: Int(requests), requestsPerSecond: perSecond)
    }

    private static func number(before mark: String, in text: String) -> Double? {
        guard let range = text.range(of: mark) else { return nil }
        return text[..<range.lowerBound].split(whereSeparator: \.isWhitespace).last.flatMap { Double($0) }
    }
}
