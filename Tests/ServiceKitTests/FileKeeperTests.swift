import Core
import Reactor
import ServiceKit
import Synchronization
import Telemetry
import TestSupport
import Testing

/// Files that hold one number each; what is in force is their sum.
private final class Sum: Sendable {
    struct Refused: ListedProblems {
        let problems: [String]
    }

    struct Value: Sendable {
        var sum = 0
        var files: Set<String>
    }

    let folder: TemporaryFolder
    final class Notes: Sendable {
        let outcomes = Mutex<[FileOutcome]>([])
        let origins = Mutex<[String]>([])
    }

    let notes = Notes()
    private let kept = Mutex<FileKeeper<Value>?>(nil)

    init(_ files: [String: String]) throws {
        folder = try TemporaryFolder("keeper")
        for (name, text) in files { try folder.write(name, text) }
        let keeper = FileKeeper(
            "numbers", Value(files: Set(files.keys.map(folder.file))), files: { $0.files }, log: .silent,
            concluded: { [notes] outcome in notes.outcomes.withLock { $0.append(outcome) } },
            read: { [notes] value, origin in
                notes.origins.withLock { $0.append(origin) }
                let sum = try Self.sum(of: value.files)
                guard sum != value.sum else { return nil }
                value.sum = sum
                return ["sum": .int(sum)]
            })
        kept.withLock { $0 = keeper }
    }

    deinit {
        kept.withLock { $0?.stop() }
        folder.remove()
    }

    var keeper: FileKeeper<Value> {
        get throws { try #require(kept.withLock { $0 }) }
    }

    private static func sum(of files: Set<String>) throws -> Int {
        var sum = 0
        var problems: [String] = []
        for file in files.sorted() {
            let text = String(decoding: try SmallFile.read(file, upTo: 100), as: UTF8.self)
            if let number = Int(text) { sum += number } else { problems.append("\(file): \(text) is no number") }
        }
        guard problems.isEmpty else { throw Refused(problems: problems) }
        return sum
    }
}

@Suite(.timeLimit(.minutes(2))) struct FileKeeperTests {
    private func watching(_ sum: Sum, _ work: (FileKeeper<Sum.Value>) async throws -> Void) async throws {
        let group = try ReactorGroup(count: 1)
        defer { group.shutdown() }
        let keeper = try sum.keeper
        keeper.watch(on: group.reactors[0])
        defer { keeper.stop() }
        try await work(keeper)
    }

    @Test func `Good files are used, the same ones are no news, bad ones are told and the last good value stays`()
        async throws
    {
        let sum = try Sum(["a": "1", "b": "2"])
        let keeper = try sum.keeper
        #expect(await keeper.reload(because: "signal") == .used)
        #expect(await keeper.reload(because: "signal") == .same)
        try sum.folder.write("a", "one")
        try sum.folder.write("b", "two")
        #expect(await keeper.reload(because: "bus") == .refused)
        #expect(keeper.value.sum == 3)
        #expect(keeper.refused?.problems.map { $0.hasSuffix("is no number") } == [true, true])
        // Back to what is in force: nothing to do, and nothing wrong any more.
        try sum.folder.write("a", "1")
        try sum.folder.write("b", "2")
        #expect(await keeper.reload(because: "signal") == .same)
        #expect(keeper.refused == nil)
        #expect(sum.notes.outcomes.withLock { $0 } == [.used, .same, .refused, .same])
        #expect(sum.notes.origins.withLock { $0 } == ["signal", "signal", "bus", "signal"])
    }

    @Test func `A failure without a list is one problem`() async throws {
        let sum = try Sum(["a": "1"])
        try sum.folder.delete("a")
        #expect(await (try sum.keeper).reload(because: "signal") == .refused)
        #expect(try sum.keeper.refused?.problems == ["it does not exist"])
    }

    @Test func `A file written anew, replaced, or swapped as a ConfigMap is used without being told`() async throws {
        let sum = try Sum(["a": "1", "b": "2"])
        try await watching(sum) { keeper in
            // What was there before the watch counts too.
            try await eventually("the first reading") { keeper.value.sum == 3 }
            try sum.folder.writeInPlace("a", "10")
            try await eventually("written in place") { keeper.value.sum == 12 }
            try sum.folder.write("b", "20")
            try await eventually("replaced by a rename") { keeper.value.sum == 30 }
            try sum.folder.delete("b")
            try sum.folder.publish("b", "30")
            try await eventually("a link instead of a file") { keeper.value.sum == 40 }
            try sum.folder.publish("b", "nonsense")
            try await eventually("the bad one is refused") { keeper.refused != nil }
            #expect(keeper.value.sum == 40)
            try sum.folder.publish("b", "40")
            try await eventually("another link") { keeper.value.sum == 50 }
            #expect(keeper.refused == nil)
        }
    }

    @Test func `What comes from elsewhere is put in force too, and the files it names are followed`() async throws {
        let sum = try Sum(["a": "1"])
        try await watching(sum) { keeper in
            try await eventually("the first reading") { keeper.value.sum == 1 }
            try sum.folder.write("other", "5")
            keeper.change { value in
                value = Sum.Value(files: [sum.folder.file("other")])
                return [:]
            }
            try await eventually("the new file is read") { keeper.value.sum == 5 }
            try sum.folder.write("other", "6")
            try await eventually("the new file is followed") { keeper.value.sum == 6 }
            #expect(throws: Sum.Refused.self) {
                try keeper.change { value throws(Sum.Refused) in
                    value.sum = 99
                    throw Sum.Refused(problems: ["no"])
                }
            }
            #expect(keeper.value.sum == 6)
        }
    }

    @Test func `Many files cost one descriptor, and each is followed`() async throws {
        let names = (0..<200).map { "file-\($0)" }
        let sum = try Sum(Dictionary(uniqueKeysWithValues: names.map { ($0, "1") }))
        try await watching(sum) { keeper in
            try await eventually("the first reading") { keeper.value.sum == 200 }
            for (index, name) in ["file-0", "file-199"].enumerated() {
                try sum.folder.write(name, "1001")
                try await eventually("a change of \(name)") { keeper.value.sum == 200 + 1_000 * (index + 1) }
            }
        }
    }
}
