import Core
import Foundation
import LocalServers
import TestSupport
import Testing

@testable import local_stack

extension WholeSystem {
    /// A second gateway beside the stack's own: the same broker, database and routes, another port.
    @Suite("Two replicas of the gateway", .serialized)
    struct ReplicaTests {
        /// What both ports answer; each request from an address of its own, because who asks as fast as this is throttled.
        private final class Pair {
            private static let requests = (rate: 20.0, burst: 40.0)
            let ports: [Int]
            private var asked = 0
            private var admitted = 0.0
            private var began: Deadline?

            init(_ ports: [Int]) { self.ports = ports }

            static let route = """
                  - name: limited
                    path: /limited
                    respond: { status: 200, body: within }
                    rate_limits: [{ requests: \(Int(requests.rate)), per: 1s, burst: \(Int(requests.burst)), by: [header:X-Key] }]

                """

            func ask(_ key: String) -> PlainHTTPResponse? {
                asked += 1
                let address = "127.50.\(asked / 250 % 250).\(1 + asked % 250)"
                return PlainHTTP.send(
                    "GET", "/limited", port: ports[asked % ports.count], headers: [("X-Key", key)], from: address)
            }

            /// What was admitted so far, as a share of what the limit lets through in that time.
            func share(after count: Int) throws -> Double {
                let began = began ?? .now
                self.began = began
                for _ in 1...count where try #require(ask("one"), "no answer").status == 200 { admitted += 1 }
                return admitted / (Self.requests.burst + Self.requests.rate * (Deadline.now - began).inSeconds)
            }

            var seconds: Double { began.map { (Deadline.now - $0).inSeconds } ?? 0 }
        }

        @Test("A rate limit holds for both together: what is admitted is within 5 % of it")
        func sharedLimit() async throws {
            let stack = try await WholeSystem.stack
            let (other, port) = try await Self.replica(of: stack)
            let file = "\(stack.layout.configuration)/routes.yaml"
            let before = try #require(PrivateFiles.read(file))
            try PrivateFiles.write(before + Pair.route, to: file)
            defer { try? PrivateFiles.write(before, to: file) }
            let pair = Pair([stack.ports.gateway, port])
            try await eventually("both have the limit") {
                pair.ask("probe")?["ratelimit"] != nil && pair.ask("probe")?["ratelimit"] != nil
            }
            // Both admit a burst before they have told each other; that is owed, and the longer it lasts the less it is.
            try await eventually("they hold it together, and no more than it", within: .seconds(60)) {
                let share = try pair.share(after: 20)
                return pair.seconds > 3 && (0.95...1.05).contains(share)
            }
            print("a rate limit held within 5 % after \(pair.seconds) s")
            #expect(await other.stop() == .code(0))
        }

        @Test("A decision is in force on both, and after the death of one of them")
        func decision() async throws {
            let stack = try await WholeSystem.stack
            let (api, suspect) = (try await API(), try await Client("127.0.6.2"))
            let (other, port) = try await Self.replica(of: stack)
            func isBanned(_ port: Int) -> Bool {
                PlainHTTP.send("GET", "/", port: port, from: suspect.address)?.status == 403
            }
            let decision = try api.decide("ban", suspect.address, seconds: 600)
            let decided = Deadline.now
            // A second on a quiet machine; `make prove-edge` says how long.
            try await eventually("both enforce it", within: .seconds(20)) {
                isBanned(stack.ports.gateway) && isBanned(port)
            }
            print("a decision was in force on both replicas after \((Deadline.now - decided).wholeMilliseconds) ms")
            await other.kill9()
            let (next, nextPort) = try await Self.replica(of: stack)
            #expect(isBanned(nextPort), "the first request after a restart met no decision")
            try api.revert(decision)
            try await eventually("both let go", within: .seconds(20)) {
                !isBanned(stack.ports.gateway) && !isBanned(nextPort)
            }
            #expect(await next.stop() == .code(0))
        }

        @Test("A change under an idempotency key happens once, though the gateway that made it is killed in the middle")
        func idempotentChange() async throws {
            let stack = try await WholeSystem.stack
            let (api, subject) = (try await API(), "127.0.6.3")
            let (other, port) = try await Self.replica(of: stack, ["INFINITE_GATEWAY_API_TIMEOUT": "60s"])
            let request = """
                {"subject": {"kind": "client_address", "value": "\(subject)"}, "action": "ban",
                 "duration_seconds": 600, "reason": "asked for twice"}
                """
            let headers = API.json + [("Authorization", "Bearer \(api.token)"), ("Idempotency-Key", UUID().uuidString)]
            @Sendable func send(to port: Int) -> PlainHTTPResponse? {
                PlainHTTP.send(
                    "POST", "/v1/decisions", port: port, headers: headers, body: Array(request.utf8), from: "127.0.6.4",
                    timeout: .seconds(60))
            }
            func made() throws -> Int {
                try api.list("decisions", of: "/v1/decisions?limit=500").count {
                    ($0["subject"] as? [String: Any])?["value"] as? String == subject
                }
            }
            try await eventually("the second replica knows the signing keys") {
                let answer = PlainHTTP.send("GET", "/v1/decisions?limit=1", port: port, headers: headers)
                return answer?.status == 200
            }
            try await eventually("nobody else calls") { try await Self.waitingCalls(stack) == 0 }
            // Whoever makes the change stands still, so that the gateway dies while it waits for the answer.
            let coordinator = try #require(stack.process("agent-coordinator")?.processID)
            _ = Glibc.kill(coordinator, SIGSTOP)
            defer { _ = Glibc.kill(coordinator, SIGCONT) }
            let answer = Task.detached { send(to: port) }
            try await eventually("the key is taken") { try await Self.keysUnderWay(stack) > 0 }
            try await eventually("the call is with the coordinator") { try await Self.waitingCalls(stack) > 0 }
            await other.kill9()
            #expect(await answer.value == nil)
            _ = Glibc.kill(coordinator, SIGCONT)
            try await eventually("the change is made") { try made() == 1 }
            let again = try #require(send(to: stack.ports.gateway))
            #expect(again.status == 409, "\(again.text)")
            #expect(try made() == 1)
        }

        private static func replica(
            of stack: Stack, _ settings: [String: String] = [:]
        ) async throws -> (service: LoneService, port: Int) {
            let port = try FreePort.choose()
            let replica = try await LoneService(.gateway, of: stack, environment: settings) {
                $0.replacingOccurrences(of: ":\(stack.ports.gateway)\n", with: ":\(port)\n")
                    .replacingOccurrences(of: "\(stack.layout.folder)/spool", with: TestServers.freshFolder("spool"))
            }
            try await eventually("the second replica is ready") { replica.status("/readyz") == 200 }
            return (replica, port)
        }

        private static func keysUnderWay(_ stack: Stack) async throws -> Int {
            let answer = try await stack.postgreSQL.execute(
                "SELECT count(*) FROM gateway.idempotency_keys WHERE outcome = 0", database: StackConfiguration.database
            )
            return Int(answer.filter(\.isNumber)) ?? 0
        }

        /// Calls that the coordinator has not answered, with it or before it.
        private static func waitingCalls(_ stack: Stack) async throws -> Int {
            let answer = try await stack.broker.evaluate(
                """
                {ok, Queue} = rabbit_amqqueue:lookup(
                    rabbit_misc:r(<<"\(StackConfiguration.virtualHost)">>, queue, <<"agent-coordinator.rpc">>)),
                proplists:get_value(messages, rabbit_amqqueue:info(Queue, [messages])).
                """)
            return Int(answer.filter(\.isNumber)) ?? 0
        }
    }
}
