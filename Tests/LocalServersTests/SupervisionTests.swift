import LocalServers
import TestSupport
import Testing

@testable import local_stack

@Suite("Supervision")
struct SupervisionTests {
    private let folder = TestServers.freshFolder("supervision")
    private let log: LogPrinter

    init() throws {
        try PrivateFiles.makeFolder(folder, account: nil)
        log = LogPrinter(folder: folder)
    }

    private func shell(_ script: String) -> ProcessLaunch {
        ProcessLaunch(name: "script", program: "/bin/sh", arguments: ["-c", script], output: .file("/dev/null"))
    }

    private var written: String { PrivateFiles.read(log.path("script")) ?? "" }

    @Test("A program that ends is started again, later each time, and what it said is kept")
    func restarts() async throws {
        let process = SupervisedProcess(shell("echo up; exit 7"), log: log)
        try process.start()
        // What it says comes through a pipe, and its end by another way: either may be first.
        try await eventually("it was started three times, and said so") {
            process.restarts >= 2 && written.split(separator: "\n").count { $0 == "up" } >= 3
        }
        await process.stop()
        #expect(written.contains("ended (exit code 7); starts again in 500 ms\n"))
        #expect(written.contains("ended (exit code 7); starts again in 1000 ms\n"))
    }

    @Test("A program that is stopped stays stopped")
    func stops() async throws {
        let process = SupervisedProcess(shell("echo up; exec sleep 600"), log: log)
        try process.start()
        try await eventually("it runs") { written == "up\n" }
        await process.stop()
        #expect(written == "up\n")
        #expect(process.restarts == 0)
    }

    @Test("Lines arrive whole, the last one without its end too, and an endless one is cut")
    func lines() async throws {
        let process = SupervisedProcess(
            shell("printf 'one\\ntw'; printf 'o\\n'; head -c 100000 /dev/zero | tr '\\0' x; exec sleep 600"), log: log)
        try process.start()
        try await eventually("two lines are there") { written == "one\ntwo\n" }
        await process.stop()
        try await eventually("the unfinished line is there") { written.utf8.count == 8 + 65_536 + 1 }
    }

    @Test("A folder belongs to one stack at a time")
    func lock() {
        let first = StackLock(folder: folder)
        #expect(first.take())
        #expect(!StackLock(folder: folder).take())
        #expect(Int32(first.owner) != nil)
    }
}
