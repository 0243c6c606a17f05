import Core
import Glibc
import Reactor
import Testing

@Suite(.serialized) struct SignalStreamTests {
    @Test func signalsArriveInOrderAndOnlyOneStreamMayExist() async throws {
        try await withReactor { reactor async throws in
            let signals = try await SignalStream([SIGUSR1, SIGHUP], on: reactor)
            await #expect(throws: ReactorFailure.busy("the process's one signal stream")) {
                _ = try await SignalStream([SIGUSR2], on: reactor)
            }
            for signal in [SIGUSR1, SIGHUP, SIGUSR1] {
                #expect(kill(getpid(), signal) == 0)
                #expect(try await signals.next(deadline: .after(soon)) == signal)
            }
            await #expect(throws: StreamFailure.deadlineExceeded) {
                _ = try await signals.next(deadline: .after(.milliseconds(5)))
            }
        }
    }
}

@Suite struct FileWatchTests {
    /// A directory as the kubelet lays out a ConfigMap: `file` → `..data/file`, `..data` → the current version.
    struct ConfigMap {
        let directory: String

        init(_ name: String) throws {
            directory = "/tmp/infinite-\(getpid())-\(name)"
            try run("rm", "-rf", directory)
            try run("mkdir", "-p", directory)
            try publish(version: "1", content: "one")
            try run("ln", "-s", "..data/settings.yaml", "\(directory)/settings.yaml")
        }

        var file: String { "\(directory)/settings.yaml" }

        func publish(version: String, content: String) throws {
            try run("mkdir", "\(directory)/..\(version)")
            try write(content, to: "\(directory)/..\(version)/settings.yaml")
            try run("ln", "-s", "..\(version)", "\(directory)/..data_tmp")
            try #require(unsafe rename("\(directory)/..data_tmp", "\(directory)/..data") == 0)
        }
    }

    @Test func aConfigMapsSymlinkSwapIsSeen() async throws {
        try await withReactor { reactor async throws in
            let map = try ConfigMap("configmap")
            let watch = try await FileWatch(map.file, on: reactor)
            for version in ["2", "3", "4"] {
                try map.publish(version: version, content: "number \(version)")
                try await watch.next(deadline: .after(soon))
            }
            await #expect(throws: StreamFailure.deadlineExceeded) {
                try await watch.next(deadline: .after(.milliseconds(100)))
            }
            try run("rm", "-rf", map.directory)
        }
    }

    @Test func writingInPlaceAndReplacingByRenameAreSeen() async throws {
        try await withReactor { reactor async throws in
            let path = "/tmp/infinite-\(getpid())-plain"
            try write("a", to: path)
            let watch = try await FileWatch(path, on: reactor)
            try write("bb", to: path)
            try await watch.next(deadline: .after(soon))
            try write("ccc", to: path + ".new")
            #expect(unsafe rename(path + ".new", path) == 0)
            try await watch.next(deadline: .after(soon))
            unsafe unlink(path)
            try write("dddd", to: path)
            try await watch.next(deadline: .after(soon))
            unsafe unlink(path)
        }
    }

    @Test func aDirectoryThatAppearsLaterIsFound() async throws {
        try await withReactor { reactor async throws in
            let directory = "/tmp/infinite-\(getpid())-later"
            try run("rm", "-rf", directory)
            let watch = try await FileWatch("\(directory)/file", on: reactor)
            try run("mkdir", directory)
            try write("here", to: "\(directory)/file")
            try await watch.next(deadline: .after(soon))
            try run("rm", "-rf", directory)
        }
    }
}

func write(_ content: String, to path: String) throws {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let bytes = Array(content.utf8)
    #expect(unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
}

func run(_ command: String...) throws {
    var process = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
    unsafe arguments.append(nil)
    defer { unsafe arguments.forEach { unsafe free($0) } }
    try #require(unsafe posix_spawnp(&process, command[0], nil, nil, arguments, environ) == 0)
    var status: Int32 = 0
    try #require(unsafe waitpid(process, &status, 0) == process)
    try #require(status == 0, "\(command) failed")
}
