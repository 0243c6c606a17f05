internal import Core
internal import Database
internal import Reactor
internal import Synchronization
internal import TestSupport

/// Two reactors serve all tests of this process.
let reactors: ReactorGroup = {
    do { return try ReactorGroup(count: 2) } catch { fatalError("no reactors: \(error)") }
}()

extension TestDatabase {
    func configuration(schema: String = "public", poolSize: Int = 4) -> DatabaseConfiguration {
        DatabaseConfiguration(
            host: host, port: port, database: name, user: user, password: password, schema: schema, poolSize: poolSize,
            statementTimeout: .seconds(20))
    }

    func open(_ change: (inout DatabaseConfiguration) -> Void = { _ in }) -> Database {
        var configuration = configuration()
        change(&configuration)
        return Database(configuration, group: reactors)
    }
}

/// The failure `work` ends with; nil when it succeeds.
func failure(_ work: () async throws -> Void) async -> DatabaseFailure? {
    do {
        try await work()
        return nil
    } catch {
        return error as? DatabaseFailure
    }
}

/// How often something happened, counted by any thread.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .acquiring) }
    func increment() { count.add(1, ordering: .acquiringAndReleasing) }
}
