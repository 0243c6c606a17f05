/// Everything a program is started with. It always gets its own process group (a Ctrl-C in the terminal reaches only
/// us, and we stop children in order), default signal handling, no descriptors but the standard three, and an
/// environment that is exactly `environment`.
internal import CSpawn
internal import Foundation
internal import Glibc

package struct ProcessLaunch: Sendable {
    package enum Output: Sendable {
        /// Appended to a file, which is created when it is missing.
        case file(String)
        /// An open descriptor, for example a pipe's writing end.
        case descriptor(Int32)
    }

    package var name: String
    package var program: String
    package var arguments: [String]
    package var environment: [String: String]
    package var workingDirectory: String?
    package var output: Output
    package var account: ServerAccount?
    /// What the program receives when this process dies without having stopped it.
    package var parentDeathSignal: String

    package init(
        name: String, program: String, arguments: [String] = [], environment: [String: String] = [:],
        workingDirectory: String? = nil, output: Output, account: ServerAccount? = nil,
        parentDeathSignal: String = "KILL"
    ) {
        self.name = name
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.output = output
        self.account = account
        self.parentDeathSignal = parentDeathSignal
    }

    /// Spawns by way of `setpriv`, which replaces itself by the program: no process of ours stays in between.
    func spawn() throws(LocalServerFailure) -> Int32 {
        _ = OpenFiles.raised
        let setpriv = try Programs.find("setpriv", package: "util-linux")
        var words = [setpriv, "--pdeathsig", parentDeathSignal]
        words += account?.setprivArguments(reaching: workingDirectory) ?? []
        words += ["--", program] + arguments
        var environment = environment
        environment["PATH"] = environment["PATH"] ?? Programs.searchPath
        return try spawn(setpriv, words, environment: environment.map { "\($0.key)=\($0.value)" })
    }

    private func spawn(
        _ setpriv: String, _ words: [String], environment: [String]
    ) throws(LocalServerFailure) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe addDescriptors(to: &actions)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        Self.resetSignals(&attributes)

        var child: pid_t = 0
        let code = unsafe withCStrings(words) { arguments in
            unsafe withCStrings(environment) { environment in
                unsafe posix_spawn(&child, setpriv, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw .system(operation: "starting \(program)", code: code) }
        return child
    }

    private func addDescriptors(to actions: inout posix_spawn_file_actions_t) {
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        switch output {
        case .file(let path):
            unsafe posix_spawn_file_actions_addopen(
                &actions, STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        case .descriptor(let descriptor):
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, STDOUT_FILENO)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        unsafe infinite_spawn_close_from(&actions, 3)
        if let workingDirectory { unsafe infinite_spawn_change_folder(&actions, workingDirectory) }
    }

    private static func resetSignals(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    }
}

/// Calls `body` with a null-terminated array of C strings that lives until it returns.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { fatalError("the terminating null is always there") }
        return unsafe body(base)
    }
}

package func systemErrorText(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}
