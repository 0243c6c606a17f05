internal import Glibc
internal import Inspection
internal import Measuring

/// The Core Rule Set (Debian's, as it ships: paranoia level 1) in our SecLang engine and in libmodsecurity, the same
/// requests one after the other in one process, on one thread. The thread's processor time is counted.
final class DetectionBenchmark {
    private static let files = ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf"]

    private let engine: SecLangEngine
    private var scratch: SecLangScratch
    /// False once a ratio misses its bar; what depends on the machine alone is said and fails nothing.
    private var isMet = true

    init() throws {
        engine = try SecLangEngine(try SecLangProgram(files: Self.files))
        scratch = try engine.makeScratch()
    }

    /// Returns whether every ratio reached its bar. A word picks rows by their name.
    static func run(_ words: [String]) throws -> Bool {
        let benchmark = try DetectionBenchmark()
        func isWanted(_ name: String) -> Bool { words.isEmpty || words.contains { name.contains($0) } }
        let peer = words.contains("alone") ? nil : try ModSecurityPeer(files: Self.files)
        for row in rows where isWanted(row.name) || words == ["alone"] { benchmark.compare(row, peer) }
        if isWanted("everything") { try benchmark.everythingOn() }
        if isWanted("body") { try benchmark.scanBodies() }
        if isWanted("memory") { try benchmark.weighUpload() }
        return benchmark.isMet
    }

    // MARK: Beside libmodsecurity

    private struct Row {
        var name: String
        var requests: [InspectedRequest]
        /// In microseconds.
        var bound: Double?
    }

    private static let rows: [Row] = [
        Row(name: "small-get", requests: BenchmarkRequests.all { $0.smallGet() }, bound: 50),
        Row(name: "get-300-byte-query", requests: BenchmarkRequests.all { $0.longGet() }, bound: 50),
        Row(name: "post-2-kilobyte-json", requests: BenchmarkRequests.all { $0.json(bytes: 2_048) }),
        Row(name: "post-64-kilobyte-form", requests: BenchmarkRequests.all { $0.form(bytes: 65_536) }),
        Row(name: "upload-1-megabyte", requests: [BenchmarkRequests.one { $0.upload(bytes: 1 << 20) }]),
    ]

    private func compare(_ row: Row, _ peer: ModSecurityPeer?) {
        let bytes = row.requests[0].body.count
        // Once each to warm up: the first request of a kind learns which rules are needed.
        for request in row.requests { _ = engine.inspect(request, response: nil, SecLangConnection(), &scratch) }
        let ours = Self.best(row.requests, rounds: 7, repetitions: max(4, 200_000 / (bytes + 500))) { request in
            _ = engine.inspect(request, response: nil, SecLangConnection(), &scratch)
        }
        Self.report("seclang.\(row.name)", ours * 1e6, "microseconds", row.bound.map { .atMost($0) } ?? .none)
        if bytes >= 64_000 { Self.report("seclang.\(row.name).rate", Double(bytes) / ours / 1e6, "megabytes/s") }
        guard let peer else { return }
        let theirs = Self.best(row.requests, rounds: 3, repetitions: max(2, 20_000 / (bytes + 500))) {
            _ = peer.inspect($0)
        }
        Self.report("modsecurity.\(row.name)", theirs * 1e6, "microseconds")
        isMet = Self.report("seclang.\(row.name).ratio", theirs / ours, "times", .atLeast(20)) && isMet
    }

    // MARK: Alone

    /// A typical request judged by the built-in engine, its grammars and the rule set together.
    private func everythingOn() throws {
        let builtIn = try InspectionEngine.builtIn()
        var space = try InspectionScratch()
        for row in Self.rows.prefix(3) {
            let took = Self.best(row.requests, rounds: 7, repetitions: 400) { request in
                let verdict = builtIn.inspect(request, .standard, &space)
                let found = engine.inspect(request, response: nil, SecLangConnection(), &scratch)
                _ = found.joined(to: verdict, .standard)
            }
            Self.report("everything-on.\(row.name)", took * 1e6, "microseconds", row.bound.map { .atMost($0) } ?? .none)
        }
    }

    /// Large bodies as the gateway judges them: in windows of 64 KiB, by both engines, every byte of them. And whether four
    /// times as much takes four times as long.
    private func scanBodies() throws {
        let builtIn = try InspectionEngine.builtIn()
        var space = try InspectionScratch()
        let kinds: [(String, Double, (inout BenchmarkRequests, Int) -> InspectedRequest)] = [
            ("upload", 312, { $0.upload(bytes: $1) }), ("text", 312, { $0.text(bytes: $1) }),
            ("form", 312, { $0.form(bytes: $1) }),
        ]
        for (name, bound, make) in kinds {
            let rates = [1, 4].map { megabytes in
                let request = BenchmarkRequests.one { make(&$0, megabytes << 20) }
                let took = Self.best([request], rounds: 3, repetitions: 1) { judge($0, builtIn, &space) }
                return Double(request.body.count) / took / 1e6
            }
            Self.report("body-\(name).rate", rates[1], "megabytes/s", .atLeast(bound))
            let ratio = rates[0] / rates[1]
            isMet = Self.report("body-\(name).time-per-byte-4-to-1-megabyte", ratio, "times", .atMost(1.5)) && isMet
        }
    }

    private func judge(_ request: InspectedRequest, _ builtIn: InspectionEngine, _ space: inout InspectionScratch) {
        let type = request.headers.first { $0.name == "Content-Type" }?.value ?? []
        var windows = BodyWindows(contentType: type, size: 64 << 10)
        var window = request
        func look(_ bytes: [UInt8]) {
            window.body = bytes
            let verdict = builtIn.inspect(window, .standard, &space)
            let found = engine.inspect(window, response: nil, SecLangConnection(), &scratch)
            _ = found.joined(to: verdict, .standard)
        }
        for start in stride(from: 0, to: request.body.count, by: 16 << 10) {
            let piece = Array(request.body[start..<min(start + (16 << 10), request.body.count)])
            for bytes in windows.take(piece) { look(bytes) }
        }
        if let rest = windows.finish() { look(rest) }
    }

    /// What an upload of 12 MB adds to the process beyond the upload itself, held as a whole.
    private func weighUpload() throws {
        let request = BenchmarkRequests.one { $0.upload(bytes: 12 << 20) }
        let added = ProcessMemory.added {
            _ = engine.inspect(request, response: nil, SecLangConnection(), &scratch)
        }
        guard let added else { return print("# this kernel does not tell how much memory was needed at most") }
        Self.report("memory.upload-12-megabyte", Double(added) / Double(1 << 20), "mebibytes", .atMost(16))
    }

    // MARK: Figures

    @discardableResult
    private static func report(_ name: String, _ value: Double, _ unit: String, _ bar: Figure.Bar = .none) -> Bool {
        let figure = Figure(name: name, value: value, unit: unit, bar: bar)
        figure.report()
        return figure.isMet
    }

    private static func best(
        _ requests: [InspectedRequest], rounds: Int, repetitions: Int, _ work: (InspectedRequest) -> Void
    ) -> Double {
        (0..<rounds).reduce(Double.infinity) { best, _ in
            let started = ThreadClock.seconds()
            for repetition in 0..<repetitions { work(requests[repetition % requests.count]) }
            return min(best, (ThreadClock.seconds() - started) / Double(repetitions))
        }
    }
}

enum ProcessMemory {
    /// The most that is resident from now on; called once, with what to do then. Counts from what is resident now.
    static func added(by work: () -> Void) -> Int? {
        guard forgetPeak(), let before = peakBytes else { return nil }
        work()
        return peakBytes.map { $0 - before }
    }

    /// Linux forgets the peak when it reads a 5 here.
    private static func forgetPeak() -> Bool {
        let descriptor = unsafe open("/proc/self/clear_refs", O_WRONLY)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return unsafe write(descriptor, "5", 1) == 1
    }

    private static var peakBytes: Int? {
        let descriptor = unsafe open("/proc/self/status", O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
        let words = lines.first { $0.hasPrefix("VmHWM:") }?.split { $0 == " " || $0 == "\t" }
        return words.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 << 10 }
    }
}
