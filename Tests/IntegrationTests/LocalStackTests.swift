import Core
import Foundation
import Glibc
import LocalServers
import TestSupport
import Testing

@testable import local_stack

extension WholeSystem {
    /// The command behind `make run`, as a person uses it.
    @Suite("make run", .serialized)
    struct LocalStackTests {
        @Test("The first start shows a password, the second keeps the data and does not, a kill leaves nothing behind")
        func startStopStart() async throws {
            let folder = TestServers.freshFolder("run")
            let first = try StartedStack(folder: folder)
            try await first.runs()
            let password = try first.layout.secret("administrator")
            #expect(first.output.contains(password))
            #expect(first.output.contains("a request:") && first.output.contains("an attack:"))
            #expect(PlainHTTP.send("GET", "/", port: first.gatewayPort)?.status == 200)
            #expect(await first.end(with: SIGINT) == .code(0))
            #expect(first.output.contains("stopped"))

            let begun = Deadline.now
            let second = try StartedStack(folder: folder)
            try await second.runs()
            #expect(Deadline.now - begun < .seconds(40))
            #expect(!second.output.contains(password))
            #expect(try second.layout.secret("administrator") == password)
            #expect(second.gatewayPort == first.gatewayPort)
            _ = await second.end(with: SIGKILL)
            try await eventually("nothing of it is left", within: .seconds(30)) {
                Self.processes(below: folder).isEmpty
            }
        }

        @Test(
            "A disk that is full stops the servers, not the protection; room brings everything back",
            .enabled(if: geteuid() == 0, "only root can mount the small disk this needs"))
        func diskFull() async throws {
            let stack = try StartedStack(folder: TestServers.freshFolder("small-disk"), diskMegabytes: 700)
            try await stack.runs()
            try stack.fillDisk()
            for number in 1...200 {
                let visitor = "127.0.5.\(number)"
                #expect(PlainHTTP.send("GET", "/items/1", port: stack.gatewayPort, from: visitor)?.status == 200)
                #expect(PlainHTTP.send("GET", Client.injection, port: stack.gatewayPort, from: visitor)?.status == 403)
            }
            // The servers' own logs are on that disk; what the services are told is on the terminal.
            try await eventually("the services say what they cannot do", within: .seconds(60)) {
                ["No space left", "blocked", "disk full"].contains(where: stack.output.contains)
            }
            stack.freeDisk()
            for service in ServiceName.allCases {
                let port = stack.administrationPort(service)
                try await eventually("all are ready again", within: .seconds(120)) {
                    PlainHTTP.send("GET", "/readyz", port: port)?.status == 200
                }
            }
            #expect(await stack.end(with: SIGTERM) == .code(0))
        }

        /// Command lines of processes that mention the folder.
        private static func processes(below folder: String) -> [String] {
            let numbers =
                (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
            return numbers.compactMap { PrivateFiles.read("/proc/\($0)/cmdline") }.filter { $0.contains(folder) }
        }
    }
}

/// `local-stack run` as a child of this process, on a folder of its own, optionally on a small disk of its own.
final class StartedStack: Sendable {
    let layout: StackLayout
    private let child: ChildProcess
    private let outputPath: String
    private let hasOwnDisk: Bool

    init(folder: String, diskMegabytes: Int? = nil) throws {
        layout = try StackLayout(folder: folder, executables: BuiltExecutables.folder)
        hasOwnDisk = diskMegabytes != nil
        outputPath = "\(TestServers.freshFolder("output")).log"
        var launch = ProcessLaunch(
            name: "local-stack", program: try BuiltExecutables.path("local-stack"),
            arguments: ["run", "--folder", folder], output: .file(outputPath))
        if let diskMegabytes {
            // In a mount namespace of its own, which ends with its processes, and the disk with it.
            let script = #"mount -t tmpfs -o size=\#(diskMegabytes)m,mode=755 tmpfs "$0" && exec "$@""#
            launch.arguments =
                ["--mount", "--propagation", "private", "sh", "-c", script, folder, launch.program] + launch.arguments
            launch.program = try Programs.find("unshare", package: "util-linux")
        }
        child = try ChildProcess.start(launch)
    }

    var output: String { PrivateFiles.read(outputPath) ?? "" }
    var gatewayPort: Int { Int(seen("ports/gateway") ?? "") ?? 0 }
    func administrationPort(_ service: ServiceName) -> Int {
        Int(seen("ports/\(service.operatorName)-administration") ?? "") ?? 0
    }

    func runs() async throws {
        try await eventually("it runs", within: .seconds(120)) {
            if let exit = child.exit {
                throw LocalServerFailure.exitedDuringStart(server: "local-stack", exit: exit, log: output)
            }
            return output.contains("Everything runs.")
        }
    }

    func end(with signal: Int32) async -> LocalServers.ExitStatus {
        await child.stop(signal: signal, limit: .seconds(90))
    }

    /// The folder as the child's mount namespace has it.
    private var folderInside: String {
        hasOwnDisk ? "/proc/\(child.processID)/root\(layout.folder)" : layout.folder
    }
    private func seen(_ path: String) -> String? { PrivateFiles.read("\(folderInside)/\(path)") }

    func fillDisk() throws {
        let file = unsafe open("\(folderInside)/filler", O_WRONLY | O_CREAT, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        let block = [UInt8](repeating: 0, count: 1 << 20)
        while unsafe block.withUnsafeBytes({ unsafe write(file, $0.baseAddress, $0.count) }) > 0 {}
        #expect(errno == ENOSPC)
    }

    func freeDisk() { PrivateFiles.remove("\(folderInside)/filler") }
}
