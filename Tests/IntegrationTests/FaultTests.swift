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
        @Test(
            "A server is killed under load: visitors notice nothing, and judgement resumes", arguments: Server.allCases)
        func serverKilled(server: Server) async throws {
            let stack = try await WholeSystem.stack
            let unchanged = stack.processIDs
            let load = Load(on: stack.ports.gateway)
            try await eventually("the load runs") { load.served > 50 }
            await server.kill9(in: stack)
            let servedBefore = load.served
            try await eventually("visitors are served without it") { load.served > servedBefore + 200 }
            try await server.start(in: stack)
            try await stack.everyoneIsReady()
            let seen = load.stop()
            #expect(seen.failed.isEmpty, "\(seen.failed.count) of \(seen.served): \(seen.failed.prefix(3))")
            try await stack.judgementWorks(attacker: server == .broker ? "127.0.2.2" : "127.0.2.4")
            #expect(stack.processIDs == unchanged)
        }

        @Test("A ban outlives the death of the gateway that enforces it")
        func banOutlivesGateway() async throws {
            let stack = try await WholeSystem.stack
            let (api, suspect) = (try await API(), try await Client("127.0.2.5"))
            let decision = try api.decide("ban", suspect.address, seconds: 600)
            try await eventually("the ban is in force") { try suspect.get("/").status == 403 }
            try await stack.kill(.gateway)
            try await eventually("the new gateway enforces it", within: .seconds(20)) {
                PlainHTTP.send("GET", "/", port: stack.ports.gateway, from: suspect.address)?.status == 403
            }
            try await stack.everyoneIsReady()
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
            try await stack.kill(service)
            try await stack.everyoneIsReady()
            let number = ServiceName.allCases.firstIndex(of: service) ?? 0
            try await stack.judgementWorks(attacker: "127.0.3.\(number + 1)")
        }

        @Test(
            "A service that starts without a server waits for it, says which key names it, and begins when it comes",
            arguments: Server.allCases)
        func noServerAtStart(server: Server) async throws {
            let stack = try await WholeSystem.stack
            await server.stop(in: stack)
            let lone = try await LoneService(.metrics, of: stack) { $0 }
            try await eventually("it lives, is not ready and says why", within: .seconds(20)) {
                lone.status("/livez") == 200 && lone.status("/readyz") == 503
                    && lone.log.contains("\(server.section).host and \(server.section).port")
            }
            try await server.start(in: stack)
            try await eventually("it is ready", within: .seconds(60)) { lone.status("/readyz") == 200 }
            #expect(await lone.stop() == .code(0))
            try await stack.everyoneIsReady()
        }

        @Test(
            "A wrong password is a line in the log that names the key, tried again without haste; the right one needs no restart",
            arguments: Server.allCases)
        func wrongPassword(server: Server) async throws {
            let stack = try await WholeSystem.stack
            let begun = Deadline.now
            let lone = try await LoneService(.metrics, of: stack) { configuration in
                let wrong = TestServers.freshFolder("wrong-password")
                try PrivateFiles.write("not-the-password", to: wrong)
                return configuration.replacingOccurrences(
                    of: stack.layout.secretFile("\(server.secrets)-metrics"), with: wrong)
            }
            let refusalsBefore = server.refusals(in: stack)
            try await eventually("the log names the key", within: .seconds(20)) {
                lone.log.contains("\(server.section).password")
            }
            #expect(lone.status("/livez") == 200)
            #expect(lone.status("/readyz") == 503)
            try await eventually("it tries again", within: .seconds(20)) {
                server.refusals(in: stack) >= refusalsBefore + 4
            }
            let refusals = server.refusals(in: stack) - refusalsBefore
            #expect(Double(refusals) < 12 + 4 * (Deadline.now - begun).inSeconds, "it spins")
            try await server.setPassword("not-the-password", in: stack)
            try await eventually("it is ready", within: .seconds(40)) { lone.status("/readyz") == 200 }
            let password = try stack.layout.secret("\(server.secrets)-metrics")
            try await server.setPassword(password, in: stack)
            #expect(lone.log.occurrences(of: "\(server.section).password") < 4, "it says the same again and again")
            #expect(await lone.stop() == .code(0))
        }

        @Test(
            "A gateway whose clock is set an hour wrong serves, protects and calls; right again, it knows tokens and bans as before",
            .enabled(if: LoneService.hasFaketime, "the package faketime is not installed"))
        func clockJumps() async throws {
            let stack = try await WholeSystem.stack
            let (api, suspect) = (try await API(from: "127.0.2.6"), try await Client("127.0.2.7"))
            let clock = TestServers.freshFolder("clock")
            try PrivateFiles.write("+0", to: clock)
            let port = try FreePort.choose()
            let lone = try await LoneService(.gateway, of: stack, environment: LoneService.faketime(file: clock)) {
                $0.replacingOccurrences(of: ":\(stack.ports.gateway)\n", with: ":\(port)\n")
            }
            func status(_ target: String, from address: String, token: String? = nil) -> Int? {
                let headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
                return PlainHTTP.send("GET", target, port: port, headers: headers, from: address)?.status
            }
            let decision = try api.decide("ban", suspect.address, seconds: 600)
            func isRight() -> Bool {
                status("/", from: suspect.address) == 403
                    && status("/v1/decisions?limit=1", from: api.client.address, token: api.token) == 200
            }
            try await eventually("it is right", within: .seconds(30), isRight)
            for (offset, visitor) in [("+3600", "127.0.2.8"), ("-3600", "127.0.2.9")] {
                let told = lone.log.occurrences(of: "clock was set")
                try PrivateFiles.write(offset, to: clock)
                try await eventually("it says that its clock was set", within: .seconds(20)) {
                    lone.log.occurrences(of: "clock was set") > told
                }
                #expect(status("/", from: visitor) == 200)
                #expect(status(Client.injection, from: visitor) == 403)
                #expect(status("/v1/decisions?limit=1", from: api.client.address, token: api.token) == 401)
                // A call over the bus, whose deadline auth must not judge by the gateway's clock.
                let answer = PlainHTTP.send(
                    "POST", "/v1/auth/token", port: port, headers: API.json,
                    body: Array(#"{"grant_type": "password", "username": "nobody", "password": "wrong"}"#.utf8),
                    from: "127.0.2.10")
                #expect(answer?.status == 401)
            }
            try PrivateFiles.write("+0", to: clock)
            try await eventually("it is right again", within: .seconds(30), isRight)
            // What one replica with a wrong clock did must not concern the others.
            #expect(try suspect.get("/").status == 403)
            try api.revert(decision)
            #expect(await lone.stop() == .code(0))
        }
    }

    /// The servers under the services, as the faults need them.
    enum Server: CaseIterable {
        case broker, postgreSQL

        /// Of the configuration file.
        var section: String { self == .broker ? "bus" : "database" }
        /// Secrets of the services with it are named `<this>-<service>`.
        var secrets: String { self == .broker ? "broker" : "database" }

        func start(in stack: Stack) async throws {
            if self == .broker { try await stack.broker.start() } else { try await stack.postgreSQL.start() }
        }
        func stop(in stack: Stack) async {
            if self == .broker { await stack.broker.stop() } else { await stack.postgreSQL.stop() }
        }
        func kill9(in stack: Stack) async {
            if self == .broker { await stack.broker.kill9() } else { await stack.postgreSQL.kill9() }
        }

        func setPassword(_ password: String, in stack: Stack) async throws {
            if self == .broker {
                try await stack.broker.evaluate(
                    #"rabbit_auth_backend_internal:change_password(<<"metrics">>, <<"\#(password)">>, <<"test">>)."#)
            } else {
                try await stack.postgreSQL.execute("ALTER ROLE metrics PASSWORD '\(password)'")
            }
        }

        /// How often it has refused a login so far, by its own log.
        func refusals(in stack: Stack) -> Int {
            let path = self == .broker ? stack.broker.logPath : stack.postgreSQL.logPath
            let line = self == .broker ? "user 'metrics' - invalid credentials" : #"failed for user "metrics""#
            return (PrivateFiles.read(path) ?? "").occurrences(of: line)
        }
    }
}
