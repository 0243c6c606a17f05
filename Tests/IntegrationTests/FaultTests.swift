import Core
import Foundation
import LocalServers
import TestSupport
import Testing

@testable import local_stack

extension WholeSystem {
    /// What breaks around the services. Each test ends when the whole system has recovered by itself: no service was
    /// restarted but those that were killed.
    @Suite("Faults", .serialized)
    struct FaultTests {
        @Test("The broker is killed under load: visitors notice nothing, and judgement resumes")
        func brokerKilled() async throws {
            let stack = try await WholeSystem.stack
            let unchanged = processes(of: stack)
            let load = Load(on: stack.ports.gateway)
            try await eventually("the load runs") { load.served > 50 }
            await stack.broker.kill9()
            let servedBefore = load.served
            try await eventually("visitors are served without a broker") { load.served > servedBefore + 200 }
            try await stack.broker.start()
            try await everyoneIsReady(stack)
            let seen = load.stop()
            #expect(seen.failed.isEmpty, "\(seen.failed.count) of \(seen.served): \(seen.failed.prefix(3))")
            try await judgementWorks(attacker: "127.0.2.2")
            #expect(processes(of: stack) == unchanged)
        }

        @Test("PostgreSQL is killed under load: visitors notice nothing, and judgement resumes")
        func databaseKilled() async throws {
            let stack = try await WholeSystem.stack
            let unchanged = processes(of: stack)
            let load = Load(on: stack.ports.gateway)
            try await eventually("the load runs") { load.served > 50 }
            await stack.postgreSQL.kill9()
            let servedBefore = load.served
            try await eventually("visitors are served without a database") { load.served > servedBefore + 200 }
            try await stack.postgreSQL.start()
            try await everyoneIsReady(stack)
            let seen = load.stop()
            #expect(seen.failed.isEmpty, "\(seen.failed.count) of \(seen.served): \(seen.failed.prefix(3))")
            try await judgementWorks(attacker: "127.0.2.4")
            #expect(processes(of: stack) == unchanged)
        }

        @Test("A ban outlives the death of the gateway that enforces it")
        func banOutlivesGateway() async throws {
            let stack = try await WholeSystem.stack
            let (api, suspect) = (try await API(), try await Client("127.0.2.5"))
            let decision = try api.decide("ban", suspect.address, seconds: 600)
            try await eventually("the ban is in force") { try suspect.get("/").status == 403 }
            try await kill(.gateway, of: stack)
            try await eventually("the new gateway enforces it", within: .seconds(20)) {
                PlainHTTP.send("GET", "/", port: stack.ports.gateway, from: suspect.address)?.status == 403
            }
            try await everyoneIsReady(stack)
            try await eventually("the new gateway knows the signing keys") {
                (try? api.get("/v1/decisions?limit=1")) != nil
            }
            try api.revert(decision)
        }

        @Test(
            "A service killed with SIGKILL is back by itself, and judgement works",
            arguments: ServiceName.allCases.filter { $0 != .gateway })
        func serviceKilled(service: ServiceName) async throws {
            let stack = try await WholeSystem.stack
            try await kill(service, of: stack)
            try await everyoneIsReady(stack)
            let number = ServiceName.allCases.firstIndex(of: service) ?? 0
            try await judgementWorks(attacker: "127.0.3.\(number + 1)")
        }

        @Test("Services that start without a broker wait for it, say so, and begin when it comes")
        func noBrokerAtStart() async throws {
            let stack = try await WholeSystem.stack
            await stack.broker.stop()
            try await kill(.metrics, of: stack)
            let port = try #require(stack.ports.administration[.metrics])
            try await eventually("it lives, but is not ready", within: .seconds(20)) {
                PlainHTTP.send("GET", "/livez", port: port)?.status == 200
                    && PlainHTTP.send("GET", "/readyz", port: port)?.status == 503
            }
            let process = stack.process("metrics")?.processID
            try await stack.broker.start()
            try await everyoneIsReady(stack)
            #expect(stack.process("metrics")?.processID == process, "it was restarted instead of waiting")
        }

        @Test("A wrong database password is a clear line in the log, not a crash; the right one needs no restart")
        func wrongPassword() async throws {
            let stack = try await WholeSystem.stack
            let lone = try await LoneService(.metrics, of: stack) { configuration in
                let right = stack.layout.secretFile("database-metrics")
                let wrong = TestServers.freshFolder("wrong-password")
                try PrivateFiles.write("not-the-password", to: wrong)
                return configuration.replacingOccurrences(of: right, with: wrong)
            }
            try await eventually("the log says why", within: .seconds(20)) { lone.log.contains("password") }
            #expect(lone.status("/livez") == 200)
            #expect(lone.status("/readyz") == 503)
            let password = try stack.layout.secret("database-metrics")
            try await stack.postgreSQL.execute("ALTER ROLE metrics PASSWORD 'not-the-password'")
            try await eventually("it is ready", within: .seconds(40)) { lone.status("/readyz") == 200 }
            try await stack.postgreSQL.execute("ALTER ROLE metrics PASSWORD '\(password)'")
            #expect(await lone.stop() == .code(0))
        }

        @Test(
            "The wall clock jumps an hour forwards and two back: the service goes on",
            .enabled(if: LoneService.hasFaketime, "the package faketime is not installed"))
        func clockJumps() async throws {
            let stack = try await WholeSystem.stack
            let clock = TestServers.freshFolder("clock")
            try PrivateFiles.write("+0", to: clock)
            let lone = try await LoneService(.audit, of: stack, environment: LoneService.faketime(file: clock)) { $0 }
            try await eventually("it is ready", within: .seconds(30)) { lone.status("/readyz") == 200 }
            for offset in ["+3600", "-7200", "+0"] {
                try PrivateFiles.write(offset, to: clock)
                let before = try scrapes(lone)
                try await eventually("it answers after a jump of \(offset) s", within: .seconds(20)) {
                    try scrapes(lone) >= before && lone.status("/readyz") == 200
                }
            }
            #expect(await lone.stop() == .code(0))
        }

        private func scrapes(_ lone: LoneService) throws -> Int {
            lone.status("/metrics") == 200 ? 1 : 0
        }

        private func kill(_ service: ServiceName, of stack: Stack) async throws {
            let process = try #require(stack.process(service.operatorName))
            let restarts = process.restarts
            let victim = try #require(process.processID)
            _ = Glibc.kill(victim, SIGKILL)
            try await eventually("\(service) is started again", within: .seconds(20)) { process.restarts > restarts }
        }

        private func everyoneIsReady(_ stack: Stack) async throws {
            for (service, port) in stack.ports.administration {
                try await eventually("\(service) is ready again", within: .seconds(60)) {
                    PlainHTTP.send("GET", "/readyz", port: port)?.status == 200
                }
            }
        }

        private func processes(of stack: Stack) -> [Int32?] {
            ServiceName.allCases.map { stack.process($0.operatorName)?.processID }
        }

        /// An attack leads to a decision: gateway, bus, detector, coordinator and API all work.
        private func judgementWorks(attacker address: String) async throws {
            let attacker = try await Client(address)
            let api = try await API()
            try await eventually("an attack from \(address) is decided upon", within: .seconds(60)) {
                _ = try attacker.get(Client.injection)
                return try api.list("decisions", of: "/v1/decisions?limit=200").contains {
                    ($0["subject"] as? [String: Any])?["value"] as? String == address
                }
            }
        }
    }
}
