internal import Foundation
internal import LocalServers

/// `wrk` and `h2load`, pinned to the core that the servers under measurement do not use.
enum LoadGenerator {
    struct Result {
        var requests: Int
        var requestsPerSecond: Double
        /// Milliseconds; only `h2load` says them.
        var p50 = Double.nan
        var p99 = Double.nan
    }

    static let usualSeconds = 2

    static func wrk(_ origin: String, connections: Int, headers: [String] = []) throws -> Result {
        let text = try output(
            of: ["wrk", "-t1", "-c\(connections)", "-d\(usualSeconds)s"] + headers.flatMap { ["-H", $0] } + [
                origin + "/"
            ])
        guard let requests = number(before: " requests in", in: text),
            let rate = text.split(separator: "\n").first(where: { $0.hasPrefix("Requests/sec:") }),
            let perSecond = rate.split(separator: " ").last.flatMap({ Double($0) }), requests > 0
        else { throw BenchmarkFailure("wrk gave no result: \(text)") }
        guard !text.contains("Socket errors"), !text.contains("Non-2xx") else {
            throw BenchmarkFailure("requests failed: \(text)")
        }
        return Result(requests: Int(requests), requestsPerSecond: perSecond)
    }

    /// The requests of a shape over a protocol, as fast as they go or `rate` of them a second.
    static func h2load(
        _ proxied: ProxiedProtocol, port: Int, path: String, _ shape: RequestShape, connections: Int, rate: Double?,
        seconds: Int = usualSeconds, folder: String
    ) throws -> Result {
        let log = "\(folder)/h2load.log"
        defer { try? FileManager.default.removeItem(atPath: log) }
        var command = ["h2load", "-t1", "-c\(connections)", "-D\(seconds)", "--log-file=\(log)"] + proxied.options
        if let rate { command.append("--rps=\(max(1, Int(rate) / connections))") }
        for header in shape.headers { command += ["-H", header] }
        if let body = shape.body { command += ["-d", try body.file(in: folder)] }
        let text = try output(of: command + ["\(proxied.scheme)://localhost:\(port)\(path)"])
        guard let done = number(before: " done,", in: text), let perSecond = number(before: " req/s,", in: text),
            let good = number(before: " 2xx,", in: text), done > 0, good >= done
        else { throw BenchmarkFailure("requests failed: \(text)") }
        let times = try responseTimes(log)
        return Result(
            requests: Int(done), requestsPerSecond: perSecond, p50: times.quantile(0.5), p99: times.quantile(0.99))
    }

    /// Of lines `start TAB status TAB microseconds`, the last column in milliseconds, sorted.
    private static func responseTimes(_ log: String) throws -> [Double] {
        try Data(contentsOf: URL(fileURLWithPath: log)).split(separator: UInt8(ascii: "\n")).compactMap { line in
            line.split(separator: UInt8(ascii: "\t")).last.flatMap { Double(String(decoding: $0, as: UTF8.self)) }
        }.map { $0 / 1_000 }.sorted()
    }

    /// Runs a generator on the core that servers under measurement do not use.
    static func output(of command: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/taskset")
        process.arguments = ["-c", "1"] + command
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchmarkFailure("\(command[0]) failed: \(text)") }
        return text
    }

    static func number(before mark: String, in text: String) -> Double? {
        guard let range = text.range(of: mark) else { return nil }
        return text[..<range.lowerBound].split(whereSeparator: \.isWhitespace).last.flatMap { Double($0) }
    }
}

extension [Double] {
    /// Of sorted values.
    func quantile(_ fraction: Double) -> Double {
        isEmpty ? .nan : self[Swift.min(count - 1, Int(Double(count) * fraction))]
    }
}
