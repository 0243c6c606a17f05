internal import CSpawn
internal import Core
internal import Glibc
internal import Reactor

/// The side of a supervised process: it ends with its supervisor and says when it serves.
enum Supervised {
    static func endWithSupervisor() {
        guard let supervisor = number(WorkerProcess.supervisorVariable) else { return }
        _ = infinite_signal_at_end_of_parent(SIGTERM)
        if getppid() != supervisor { exit(ExitStatus.failure) }
    }

    static func sayReady() {
        guard let descriptor = number(WorkerProcess.readinessVariable) else { return }
        var byte = UInt8(ascii: "r")
        _ = unsafe write(descriptor, &byte, 1)
        close(descriptor)
    }

    private static func number(_ variable: String) -> Int32? {
        ProcessEnvironment.read()[variable].flatMap { Int32($0) }
    }
}
