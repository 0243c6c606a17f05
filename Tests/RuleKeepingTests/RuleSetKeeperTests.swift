import Core
import Inspection
import Reactor
import RuleKeeping
import ServiceKit
import Synchronization
import Telemetry
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RuleSetKeeperTests {
    /// A folder of rules, and what the keeper of it said.
    private final class Kept: Sendable {
        let folder: RuleFolder
        let said = Mutex<[RuleSetKeeper.Change]>([])
        let readings = Atomic<Int>(0)

        init() throws { folder = try RuleFolder(word: "marzipan") }

        deinit { folder.remove() }

        func keeper() throws -> RuleSetKeeper {
            try RuleSetKeeper(
                CoreRuleSet(folder: folder.path), metrics: RuleSetMetrics(MetricsRegistry(), of: "test"), log: .silent
            ) { [self] change in said.withLock { $0.append(change) } }
        }
    }

    /// What the rule set in force says about a request for `/?q=word`.
    private func judge(_ word: String, _ keeper: RuleSetKeeper) -> InspectionVerdict {
        RuleSetSeat().judge(
            InspectedRequest(method: "GET", target: Array("/?q=\(word)".utf8)), SecLangConnection(), .standard,
            by: keeper.published.current, joining: .clean)
    }

    @Test func `What the files say is in force, and the same bytes again are no news`() async throws {
        let kept = try Kept()
        let keeper = try kept.keeper()
        #expect(judge("marzipan", keeper).action == .block && judge("nougat", keeper) == .clean)
        let inForce = keeper.published.current
        try kept.folder.write(word: "marzipan")
        #expect(await keeper.reload(because: "signal") == .same)
        #expect(keeper.published.current === inForce)
        #expect(kept.said.withLock { $0.isEmpty })
    }

    @Test func `What is good replaces what was in force, what is bad changes nothing and is told with its place`()
        async throws
    {
        let kept = try Kept()
        let keeper = try kept.keeper()
        let first = keeper.inForce.digest
        try kept.folder.write(word: "nougat")
        #expect(await keeper.reload(because: "signal") == .used)
        #expect(judge("nougat", keeper).action == .block && judge("marzipan", keeper) == .clean)
        let change = try #require(kept.said.withLock { $0.first })
        #expect(change.previousDigest == first && change.currentDigest == keeper.inForce.digest)
        #expect(change.origin == "signal" && change.currentDigest != first)
        try kept.folder.write("rules/REQUEST-998.conf", "SecRule ARGS \"@rx (\" \"id:7\"\n")
        #expect(await keeper.reload(because: "bus") == .refused)
        let refused = try #require(keeper.refused?.problems.first)
        #expect(refused.contains("REQUEST-998.conf, line 1") && refused.contains("correct"))
        #expect(judge("nougat", keeper).action == .block)
        // Gone again: what is in force is what the files say.
        try kept.folder.remove("rules/REQUEST-998.conf")
        #expect(await keeper.reload(because: "signal") == .same)
        #expect(keeper.refused == nil)
    }

    @Test func `A file more or less in the folder is another rule set`() async throws {
        let kept = try Kept()
        let keeper = try kept.keeper()
        let count = keeper.inForce.ruleCount
        try kept.folder.write(
            "rules/REQUEST-998.conf",
            "SecRule ARGS \"@contains praline\" \"id:1001,phase:2,deny,severity:CRITICAL,tag:attack-generic\"\n")
        #expect(await keeper.reload(because: "signal") == .used)
        #expect(keeper.inForce.ruleCount == count + 1 && judge("praline", keeper).action == .block)
        try kept.folder.remove("rules/REQUEST-998.conf")
        #expect(await keeper.reload(because: "signal") == .used)
        #expect(judge("praline", keeper) == .clean)
    }

    @Test func `A file that changed and one that is new are read without being told`() async throws {
        let kept = try Kept()
        let keeper = try kept.keeper()
        let group = try ReactorGroup(count: 1)
        defer { group.shutdown() }
        keeper.watch(on: group.reactors[0])
        defer { keeper.stop() }
        try kept.folder.write(word: "nougat")
        try await eventually("the new rule is in force") { keeper.inForce.signatures == ["Test/nougat"] }
        let count = keeper.inForce.ruleCount
        try kept.folder.write("rules/REQUEST-998.conf", "SecAction \"id:1001,phase:1,pass,nolog\"\n")
        try await eventually("the new file is read") { keeper.inForce.ruleCount == count + 1 }
    }

    @Test func `What is read while somebody writes is read again`() throws {
        let kept = try Kept()
        // Whoever reads the rules for the first time finds them changed afterwards.
        let source = SecLangSource(
            read: { path in
                defer {
                    if path.hasSuffix("TEST.conf"), kept.readings.add(1, ordering: .relaxed).newValue == 1 {
                        try? kept.folder.write(word: "nougat")
                    }
                }
                return SecLangSource.files.read(path)
            }, expand: SecLangSource.files.expand)
        let keeper = try RuleSetKeeper(
            CoreRuleSet(folder: kept.folder.path), from: source,
            metrics: RuleSetMetrics(MetricsRegistry(), of: "test"), log: .silent)
        #expect(keeper.inForce.signatures == ["Test/nougat"])
    }

    @Test func `What is wrong at the start is thrown`() throws {
        let kept = try Kept()
        try kept.folder.write("rules/REQUEST-998.conf", "SecRule ARGS \"@unheardOf\" \"id:7\"\n")
        #expect(throws: InspectionFailure.self) { try kept.keeper() }
        #expect(throws: InspectionFailure.self) {
            try RuleSetKeeper(
                CoreRuleSet(folder: "/nowhere"), metrics: RuleSetMetrics(MetricsRegistry(), of: "test"), log: .silent)
        }
    }
}
