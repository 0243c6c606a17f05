import Core
import Foundation
import LocalServers
import TestSupport

@testable import local_stack

/// One more instance of a service beside those of the stack, with a configuration of its own.
struct LoneService {
    private let child: ChildProcess
    private let logPath: String
    private let port: Int

    init(
        _ service: ServiceName, of stack: Stack, environment: [String: String] = [:],
        configured: (String) throws -> String
    ) async throws {
        port = try FreePort.choose()
        let folder = TestServers.freshFolder("lone-\(service.operatorName)")
        try PrivateFiles.makeFolder(folder, account: nil)
        let text = PrivateFiles.read(stack.layout.configurationFile(service)) ?? ""
        let administration = stack.ports.administration[service] ?? 0
        let own = try configured(text).replacingOccurrences(of: ":\(administration)\n", with: ":\(port)\n")
        try PrivateFiles.write(own, to: "\(folder)/config.yaml")
        logPath = "\(folder)/log"
        child = try ChildProcess.start(
            ProcessLaunch(
                name: "lone \(service.operatorName)", program: BuiltExecutables.path(service.operatorName),
                arguments: ["run", "--config", "\(folder)/config.yaml"], environment: environment,
                output: .file(logPath)))
    }

    var log: String { PrivateFiles.read(logPath) ?? "" }
    var isRunning: Bool { child.isRunning }
    func status(_ target: String) -> Int? { PlainHTTP.send("GET", target, port: port)?.status }
    func kill9() async { _ = await child.stop(signal: SIGKILL) }
    func stop() async -> ExitStatus { await child.stop(limit: .seconds(30)) }

    /// faketime shifts the wall clock of a program by what stands in a file, read anew every time.
    static let faketimeLibrary = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketimeMT.so.1" }
        .first(where: PrivateFiles.exists)
    static var hasFaketime: Bool { faketimeLibrary != nil }

    static func faketime(file: String) -> [String: String] {
        [
            "LD_PRELOAD": faketimeLibrary ?? "", "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]
    }
}
