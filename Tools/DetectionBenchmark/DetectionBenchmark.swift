internal import Glibc
internal import Inspection

/// The Core Rule Set (Debian's, as it ships: paranoia level 1) in our SecLang engine and in libmodsecurity, the same
/// requests one after the other in one process, on one thread. The thread's processor time is counted.
enum DetectionBenchmark {
    private static let files = ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf"]

    /// Returns whether every bar was reached.
    static func run() throws -> Bool {
        let peer = try ModSecurityPeer(files: files)
        let engine = try SecLangEngine(try SecLangProgram(files: files))
        var scratch = try engine.makeScratch()
        var isMet = true
        for (name, request) in requests {
            // Once to warm up: the first request of a kind learns which rules are needed.
            _ = engine.inspect(request, response: nil, SecLangConnection(), &scratch)
            let bytes = request.body.count
            let ours = best(rounds: 7, repetitions: max(3, 200_000 / (bytes + 500))) {
                _ = engine.inspect(request, response: nil, SecLangConnection(), &scratch)
            }
            let theirs = best(rounds: 3, repetitions: max(1, 20_000 / (bytes + 500))) { _ = peer.inspect(request) }
            report("seclang.\(name)", ours * 1e6, "microseconds")
            report("modsecurity.\(name)", theirs * 1e6, "microseconds")
            if bytes >= 64_000 { report("seclang.\(name).rate", Double(bytes) / ours / 1e6, "megabytes/s") }
            isMet = report("seclang.\(name).ratio", theirs / ours, "times", atLeast: 20) && isMet
        }
        return isMet
    }

    /// As the other benchmarks write a figure: `figure NAME VALUE UNIT (bar >= BOUND) ok`.
    @discardableResult
    private static func report(_ name: String, _ value: Double, _ unit: String, atLeast bound: Double? = nil) -> Bool {
        let rounded = (value * 100).rounded() / 100
        let isMet = bound.map { value >= $0 } ?? true
        let bar = bound.map { " (bar >= \($0)) \(isMet ? "ok" : "short")" } ?? ""
        print("figure \(name) \(rounded) \(unit)\(bar)")
        return isMet
    }

    private static func best(rounds: Int, repetitions: Int, _ work: () -> Void) -> Double {
        (0..<rounds).reduce(Double.infinity) { best, _ in
            let started = ThreadClock.seconds()
            for _ in 0..<repetitions { work() }
            return min(best, (ThreadClock.seconds() - started) / Double(repetitions))
        }
    }

    private static let requests: [(String, InspectedRequest)] = [
        ("small-get", BenchmarkRequests.smallGet), ("get-300-byte-query", BenchmarkRequests.longGet),
        ("post-2-kilobyte-json", BenchmarkRequests.json(bytes: 2_048)),
        ("post-64-kilobyte-form", BenchmarkRequests.form(bytes: 65_536)),
        ("upload-1-megabyte", BenchmarkRequests.upload(bytes: 1 << 20)),
    ]
}

/// This thread's processor time: the wall's clock also counts what others do.
enum ThreadClock {
    static func seconds() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
