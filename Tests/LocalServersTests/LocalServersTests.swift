import Glibc
import LocalServers
import TestSupport
import Testing

@Suite("Private servers")
struct LocalServersTests {
    @Test("PostgreSQL keeps its data over a crash and a restart")
    func postgreSQLSurvivesKill() async throws {
        let server = try await TestServers.dedicatedPostgreSQL()
        let database = try await freshDatabase(on: server)
        try await database.execute("CREATE TABLE kept(value int); INSERT INTO kept VALUES (42)")
        await server.kill9()
        #expect(!server.isRunning)
        try await server.start()
        #expect(try await database.execute("SELECT value FROM kept") == "42\n")
        await server.stop()
    }

    @Test("Two suites see two databases of one server")
    func databasesAreIsolated() async throws {
        let first = try await freshDatabase()
        let second = try await freshDatabase()
        try await first.execute("CREATE TABLE only_here(value int)")
        #expect(try await second.execute("SELECT to_regclass('only_here') IS NULL") == "t\n")
    }

    @Test("SQL that fails says why")
    func sqlErrorsAreShown() async throws {
        let database = try await freshDatabase()
        let failure = await #expect(throws: LocalServerFailure.self) { try await database.execute("SELECT nonsense") }
        #expect("\(failure as Any)".contains("nonsense"))
    }

    @Test("RabbitMQ keeps definitions over a crash, and is changed while it runs")
    func brokerSurvivesKill() async throws {
        let broker = try await TestServers.dedicatedBroker(
            definitions: #"{"vhosts": [{"name": "loaded-at-start"}]}"#)
        try await broker.createVirtualHost("made-at-run-time")
        try await broker.importDefinitions(#"{"vhosts": [{"name": "imported-at-run-time"}]}"#)
        await broker.kill9()
        #expect(!broker.isRunning)
        try await broker.start()
        let names = try await broker.evaluate("[binary_to_list(Name) || Name <- rabbit_vhost:list_names()].")
        for name in ["loaded-at-start", "made-at-run-time", "imported-at-run-time"] { #expect(names.contains(name)) }
        await broker.stop()
    }

    @Test("An Erlang expression that fails is an error")
    func brokerErrorsAreShown() async throws {
        let broker = try await TestServers.broker
        await #expect(throws: LocalServerFailure.self) { try await broker.evaluate("1 = 2.") }
    }

    @Test("A missing program names its package and the command that installs it")
    func missingPackageIsNamed() {
        let failure = #expect(throws: LocalServerFailure.self) {
            try Programs.find("no-such-program", package: "some-package")
        }
        #expect("\(failure as Any)".contains("some-package") && "\(failure as Any)".contains("make deps"))
    }

    @Test("A child is reaped, and its exit is told to everyone who waits", arguments: [0, 3])
    func childExit(code: Int32) async throws {
        let child = try ChildProcess.start(
            ProcessLaunch(
                name: "child", program: "/bin/sh", arguments: ["-c", "exit \(code)"], output: .file("/dev/null")))
        async let first = child.waitForExit()
        async let second = child.waitForExit()
        #expect(await [first, second] == [.code(code), .code(code)])
        #expect(kill(child.processID, 0) == -1 && errno == ESRCH)
    }

    @Test("A child that ignores the polite signal is killed")
    func stubbornChild() async throws {
        let output = TestServers.freshFolder("stubborn")
        let child = try ChildProcess.start(
            ProcessLaunch(
                name: "stubborn", program: "/bin/sh",
                arguments: ["-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"], output: .file(output)))
        try await eventually("the child ignores the signal") { PrivateFiles.read(output) == "deaf\n" }
        #expect(await child.stop(limit: .milliseconds(300)) == .signal(SIGKILL))
    }
}
