/// What can go wrong while a private server is started, stopped or changed. Each sentence says what to do.
package enum LocalServerFailure: Error, Equatable {
    case packageMissing(program: String, package: String)
    case accountMissing(name: String, package: String)
    case system(operation: String, code: Int32)
    case exitedDuringStart(server: String, exit: ExitStatus, log: String)
    case notReadyInTime(server: String, seconds: Int, log: String)
    case keepsEnding(server: String, log: String)
    case commandFailed(command: String, output: String)
    case noFreePort
}

extension LocalServerFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .packageMissing(let program, let package):
            "\(program) is not installed (Debian package \(package)). Run `make deps`, then try again."
        case .accountMissing(let name, let package):
            """
            there is no user account "\(name)" to run the server as (root must not run it); \
            the Debian package \(package) creates it. Run `make deps`, then try again.
            """
        case .system(let operation, let code):
            "\(operation) failed: \(systemErrorText(code))"
        case .exitedDuringStart(let server, let exit, let log):
            "\(server) stopped while it started (\(exit)). The end of its log says:\n\(log)"
        case .notReadyInTime(let server, let seconds, let log):
            "\(server) was not ready within \(seconds) s; the machine may be overloaded. The end of its log says:\n\(log)"
        case .keepsEnding(let server, let log):
            "\(server) ended again and again while it started. The end of its log says:\n\(log)"
        case .commandFailed(let command, let output):
            "\(command) failed:\n\(output)"
        case .noFreePort:
            "no free TCP port was found between \(FreePort.range.lowerBound) and \(FreePort.range.upperBound) on 127.0.0.1"
        }
    }
}
