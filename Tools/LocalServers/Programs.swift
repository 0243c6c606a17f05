/// Finds the programs of Debian's packages, and runs the short ones to their end.
internal import Foundation
internal import Glibc

package enum Programs {
    /// Debian keeps PostgreSQL's and RabbitMQ's programs outside of PATH; the newest PostgreSQL comes first.
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    package static func find(_ program: String, package: String) throws(LocalServerFailure) -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = serverFolders + "\(path):\(searchPath)".split(separator: ":").map(String.init)
        for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(program)") {
            return "\(folder)/\(program)"
        }
        throw .packageMissing(program: program, package: package)
    }

    private static var serverFolders: [String] {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return versions.compactMap(Int.init).sorted(by: >).map { "\(root)/\($0)/bin" } + ["/usr/lib/rabbitmq/bin"]
    }

    /// Runs a program that ends by itself and returns what it wrote; `input` is its standard input.
    package static func run(_ launch: ProcessLaunch, input: String? = nil) async throws(LocalServerFailure) -> String {
        let transcript = "\(NSTemporaryDirectory())/infinite-\(launch.name).\(UUID().uuidString)"
        defer { PrivateFiles.remove(transcript) }
        var launch = launch
        launch.output = .file(transcript)
        if let input {
            let inputFile = transcript + ".in"
            try PrivateFiles.write(input, to: inputFile, account: launch.account)
            // The shell only connects the file: the program takes its place.
            launch.arguments = ["-c", "exec \"$@\" < \"$0\"", inputFile, launch.program] + launch.arguments
            launch.program = "/bin/sh"
        }
        defer { PrivateFiles.remove(transcript + ".in") }
        let exit = try await ChildProcess.start(launch).waitForExit()
        let output = PrivateFiles.read(transcript) ?? ""
        guard exit == .code(0) else { throw .commandFailed(command: launch.name, output: "\(output)(\(exit))") }
        return output
    }
}
