internal import Core
internal import Reactor
internal import TestSupport
internal import Testing

@testable import Database

@Suite struct LendingTests {
    /// A connection's socket is watched by one reactor at a time, also when borrowers follow each other at once.
    @Test("callers on the reactors and elsewhere share few connections, and no call fails")
    func manyBorrowers() async throws {
        let database = try await freshDatabase().open {
            $0.poolSize = 3
            $0.statementTimeout = .seconds(120)
        }
        defer { database.shutDown() }
        let failures = await withTaskGroup(of: [String].self) { group in
            for caller in 0..<16 {
                group.addTask {
                    guard caller.isMultiple(of: 2) else { return await Self.call(database, caller) }
                    return await reactors.next().perform { await Self.call(database, caller) }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(failures == [])
    }

    private static func call(_ database: Database, _ caller: Int) async -> [String] {
        var failures: [String] = []
        for number in 0..<200 {
            do {
                if number.isMultiple(of: 10) {
                    try await database.transaction { try await $0.execute("SELECT 1") }
                } else {
                    try await database.ping()
                }
            } catch {
                failures.append("\(caller).\(number): \(error)")
            }
        }
        return failures
    }
}
