import Core
import Glibc
import Reactor
import TestSupport
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
    @Test func aConfigMapsSymlinkSwapIsSeen() async throws {
        try await withReactor { reactor async throws in
            let map = try TemporaryFolder("configmap")
            defer { map.remove() }
            try map.publish("settings.yaml", "one")
            let watch = try await FileWatch([map.file("settings.yaml")], on: reactor)
            for version in ["2", "3", "4"] {
                try map.publish("settings.yaml", "number \(version)")
                try await watch.next(deadline: .after(soon))
            }
            await #expect(throws: StreamFailure.deadlineExceeded) {
                try await watch.next(deadline: .after(.milliseconds(100)))
            }
        }
    }

    @Test func writingInPlaceAndReplacingByRenameAreSeen() async throws {
        try await withReactor { reactor async throws in
            let folder = try TemporaryFolder("plain")
            defer { folder.remove() }
            try folder.write("file", "a")
            let watch = try await FileWatch([folder.file("file")], on: reactor)
            try folder.writeInPlace("file", "bb")
            try await watch.next(deadline: .after(soon))
            try folder.write("file", "ccc")
            try await watch.next(deadline: .after(soon))
            try folder.delete("file")
            try folder.write("file", "dddd")
            try await watch.next(deadline: .after(soon))
        }
    }

    @Test func oneWatchSeesEachOfItsFilesAndWhatComesAndGoesInAFolder() async throws {
        try await withReactor { reactor async throws in
            let folder = try TemporaryFolder("several")
            let other = try TemporaryFolder("other")
            defer {
                folder.remove()
                other.remove()
            }
            for name in ["a", "b"] { try folder.write(name, "1") }
            let watch = try await FileWatch([folder.file("a"), folder.file("b"), other.path], on: reactor)
            for name in ["b", "a"] {
                try folder.writeInPlace(name, "22")
                try await watch.next(deadline: .after(soon))
            }
            try other.write("c", "3")
            try await watch.next(deadline: .after(soon))
            try other.delete("c")
            try await watch.next(deadline: .after(soon))
        }
    }

    @Test func aDirectoryThatAppearsLaterIsFound() async throws {
        try await withReactor { reactor async throws in
            let folder = try TemporaryFolder("later")
            folder.remove()
            defer { folder.remove() }
            let watch = try await FileWatch([folder.file("file")], on: reactor)
            #expect(unsafe mkdir(folder.path, 0o700) == 0)
            try folder.writeInPlace("file", "here")
            try await watch.next(deadline: .after(soon))
        }
    }
}
