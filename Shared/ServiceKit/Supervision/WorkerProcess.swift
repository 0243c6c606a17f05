internal import CSpawn
internal import Core
internal import Glibc
internal import Reactor

/// A process of the service under a supervisor: it inherits the listening sockets and says through a pipe when it serves.
struct WorkerProcess: Sendable {
    /// The variable that names the pipe's descriptor, and the supervisor's process.
    static let readinessVariable = "INFINITE_READY_FD"
    static let supervisorVariable = "INFINITE_SUPERVISOR"
    /// Descriptors of the supervisor are moved up here, so that putting them in order overwrites none.
    private static let movedTo: Int32 = 200
    private static let first: Int32 = 3

    let id: Int32
    /// Where a byte comes when it serves.
    let readiness: Int32

    init(
        executable: String, arguments: [String], environment: [String: String], sockets: [Int32]
    ) throws(ReactorFailure) {
        let (readEnd, writeEnd) = try Self.pipe()
        var environment = environment
        environment["LISTEN_FDS"] = "\(sockets.count)"
        environment["LISTEN_PID"] = nil
        environment[Self.readinessVariable] = "\(Self.first + Int32(sockets.count))"
        environment[Self.supervisorVariable] = "\(getpid())"
        defer { close(writeEnd) }
        do throws(ReactorFailure) {
            id = try Self.spawn(
                executable, [executable] + arguments, environment.map { "\($0)=\($1)" }, sockets + [writeEnd])
        } catch {
            close(readEnd)
            throw error
        }
        readiness = readEnd
    }

    private static func pipe() throws(ReactorFailure) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else { throw .last("pipe") }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let moved = try moved(ends[1])
        close(ends[1])
        return (ends[0], moved)
    }

    /// The same open file behind a number that nothing else is given.
    static func moved(_ descriptor: Int32) throws(ReactorFailure) -> Int32 {
        let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, movedTo)
        guard moved >= 0 else { throw .last("fcntl(F_DUPFD_CLOEXEC)") }
        return moved
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], _ environment: [String], _ descriptors: [Int32]
    ) throws(ReactorFailure) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, first + Int32(number))
        }
        _ = unsafe infinite_spawn_close_from(&actions, first + Int32(descriptors.count))
        var child: pid_t = 0
        let failure = unsafe withStrings(arguments) { arguments in
            unsafe withStrings(environment) { environment in
                unsafe posix_spawn(&child, executable, &actions, nil, arguments, environment)
            }
        }
        guard failure == 0 else { throw .system(errno: failure, operation: "posix_spawn \(executable)") }
        return child
    }

    private static func withStrings<Value>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let copies = unsafe strings.map { unsafe strdup($0) }
        defer { unsafe copies.forEach { unsafe free($0) } }
        return unsafe body(copies + [nil])
    }
}
