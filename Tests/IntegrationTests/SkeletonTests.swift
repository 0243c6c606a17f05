import Core
import Foundation
import LocalServers
import TestSupport
import Testing

@testable import local_stack

extension WholeSystem {
    /// The walk of docs/life-of-a-request.md, step by step, each seen from outside.
    @Suite("A request's life", .serialized)
    struct SkeletonTests {
        @Test("An honest visitor reaches the shop, and our headers cannot be forged by him")
        func honestVisitor() async throws {
            let visitor = try await Client("127.0.1.1")
            #expect(try visitor.get("/").text.contains("Brass lantern"))
            let echoed = try visitor.get("/api/echo", headers: [("infinite-intruder", "forged"), ("X-Mine", "kept")])
            #expect(echoed.status == 200)
            #expect(echoed.text.contains("X-Mine: kept") || echoed.text.contains("x-mine: kept"))
            #expect(!echoed.text.contains("forged"))
        }

        @Test("An attack is refused before the shop sees it, with a request id to ask about")
        func attackIsRefused() async throws {
            let attacker = try await Client("127.0.1.2")
            let answer = try attacker.get(Client.injection)
            #expect(answer.status == 403)
            #expect(answer["infinite-request-id"] != nil || answer.text.contains("request_id"))
        }

        @Test("A persistent attacker is decided upon, and every later request meets the decision")
        func persistentAttacker() async throws {
            let attacker = try await Client("127.0.1.3")
            let api = try await API()
            let decision = try await eventually("a decision about the attacker", within: .seconds(30)) {
                _ = try attacker.get(Client.injection)
                return try api.list("decisions", of: "/v1/decisions?limit=100").first { about($0, attacker.address) }
            }
            #expect(decision["expires_at"] as? String ?? "" > "2026")
            #expect(!(decision["reason"] as? String ?? "").isEmpty)
            try await eventually("an innocent request of his is not served by the shop", within: .seconds(15)) {
                try !attacker.get("/").text.contains("Brass lantern")
            }
            let bystander = try await Client("127.0.1.4")
            #expect(try bystander.get("/").text.contains("Brass lantern"))
        }

        @Test("A ban holds until it is reverted, and is reported as enforced")
        func banAndRevert() async throws {
            let (api, suspect) = (try await API(), try await Client("127.0.1.5"))
            let decision = try api.decide("ban", suspect.address, seconds: 600)
            try await eventually("the ban is in force") { try suspect.get("/").status == 403 }
            let enforced = try api.list("enforcements", of: "/v1/enforcements?limit=1000")
            #expect(enforced.contains { about($0, suspect.address) })
            try api.revert(decision)
            try await eventually("he is let in again") { try suspect.get("/").status == 200 }
        }

        @Test("A ban ends by itself when it expires")
        func banExpires() async throws {
            let (api, suspect) = (try await API(), try await Client("127.0.1.6"))
            _ = try api.decide("ban", suspect.address, seconds: 3)
            try await eventually("the ban is in force") { try suspect.get("/").status == 403 }
            try await eventually("it has expired", within: .seconds(20)) { try suspect.get("/").status == 200 }
        }

        @Test("A diverted client walks a labyrinth whose links lead on, and his steps are seen")
        func labyrinth() async throws {
            let (api, intruder) = (try await API(), try await Client("127.0.1.7"))
            _ = try api.decide("divert", intruder.address, seconds: 600)
            let entrance = try await eventually("the labyrinth answers") {
                let answer = try intruder.get("/")
                return answer.status == 200 && !answer.text.contains("Brass lantern") ? answer : nil
            }
            var page = entrance
            var visited: Set<String> = ["/"]
            for depth in 1...4 {
                let link = try #require(links(in: page.text).first { !visited.contains($0) }, "no way on at \(depth)")
                visited.insert(link)
                page = try intruder.get(link)
                #expect(page.status == 200, "the maze ended at \(link)")
            }
            #expect(try intruder.get("/").body == entrance.body, "the same room looks the same twice")
            try await eventually("his steps are counted", within: .seconds(20)) {
                try api.list("intruders", of: "/v1/intruders?limit=100").contains {
                    about($0, intruder.address) && $0.number("step_count") >= 5
                }
            }
        }

        @Test("Tokens: a wrong password gets none, no token opens nothing, a forged one neither")
        func tokens() async throws {
            let client = try await Client("127.0.1.8")
            let wrong = #"{"grant_type": "password", "username": "admin", "password": "wrong"}"#
            #expect(try client.send("POST", "/v1/auth/token", headers: API.json, body: wrong).status == 401)
            #expect(try client.get("/v1/decisions").status == 401)
            let api = try await API(from: "127.0.1.8")
            let parts = api.token.split(separator: ".")
            #expect(parts.count == 3)
            let forged = "\(parts[0]).\(parts[1]).\(String(parts[2].reversed()))"
            #expect(try client.get("/v1/decisions", headers: [("Authorization", "Bearer \(forged)")]).status == 401)
        }

        @Test("Audit has recorded all of it, in an unbroken chain")
        func audit() async throws {
            let api = try await API()
            for schema in [
                "infinite.gateway.v1.RequestBlocked", "infinite.detector.v1.ThreatDetected",
                "infinite.agent_coordinator.v1.DecisionMade", "infinite.agent_coordinator.v1.DecisionReverted",
                "infinite.gateway.v1.DecisionEnforced", "infinite.labyrinth.v1.IntruderStepObserved",
                "infinite.auth.v1.TokenIssued", "infinite.auth.v1.LoginFailed",
            ] {
                try await eventually("audit has a \(schema)", within: .seconds(20)) {
                    try !api.list("entries", of: "/v1/audit/entries?limit=5&schema=\(schema)").isEmpty
                }
            }
            let verdict = try api.post("/v1/audit/verify", "{}")
            #expect(verdict["is_intact"] as? Bool == true)
            #expect(verdict.number("checked") > 8)
        }

        @Test("Metrics has counted what went on")
        func metrics() async throws {
            let api = try await API()
            try await eventually("the overview counts", within: .seconds(30)) {
                let total = try api.get("/v1/metrics/overview?minutes=60")["total"] as? [String: Any] ?? [:]
                return ["requests", "blocked", "diverted", "threats", "decisions", "intruder_steps", "tokens_issued"]
                    .allSatisfy { total.number($0) > 0 }
            }
        }

        @Test("The live page shows an attack and the attacker's steps as they happen, to viewers only")
        func livePage() async throws {
            let (viewer, attacker) = (try await Client("127.0.1.9"), try await Client("127.0.1.10"))
            #expect(try viewer.get("/_infinite/").text.contains("<html"))
            #expect(try viewer.get("/_infinite/live").status == 401)
            let cookie = try signIn(viewer)
            let feed = try LiveFeed(viewer, cookie: cookie)
            defer { feed.close() }
            try await eventually("the feed says hello") { feed.text.contains("event: hello") }
            _ = try attacker.get(Client.injection)
            try await eventually("the attack is shown") { feed.told("request", mentioning: attacker.address) }
            let api = try await API()
            let decision = try api.decide("divert", attacker.address, seconds: 60)
            try await eventually("the decision is shown") { feed.told("decision", mentioning: attacker.address) }
            try await eventually("the attacker's step is shown") {
                _ = try attacker.get("/")
                return feed.told("step", mentioning: attacker.address)
            }
            try api.revert(decision)
        }

        private func signIn(_ viewer: Client) throws -> String {
            let password = try viewer.stack.layout.secret("administrator")
            let answer = try viewer.send(
                "POST", "/_infinite/session",
                headers: API.json + [("Origin", "http://localhost:\(viewer.stack.ports.gateway)")],
                body: #"{"username": "\#(Welcome.administrator)", "password": "\#(password)"}"#)
            #expect(answer.status == 204)
            let cookie = try #require(answer["set-cookie"])
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            return String(cookie.prefix { $0 != ";" })
        }

        private func about(_ entry: [String: Any], _ address: String) -> Bool {
            (entry["subject"] as? [String: Any])?["value"] as? String == address
        }

        /// Where the page's links lead, on this site.
        private func links(in page: String) -> [String] {
            page.components(separatedBy: "href=\"").dropFirst().compactMap { $0.components(separatedBy: "\"").first }
                .filter { $0.hasPrefix("/") && !$0.hasPrefix("//") }
                .map { $0.replacingOccurrences(of: "&amp;", with: "&") }
        }
    }

    @Suite("What every service offers its operators", .serialized)
    struct OperatorTests {
        @Test("Alive, ready, measured", arguments: ServiceName.allCases)
        func administration(service: ServiceName) async throws {
            let stack = try await WholeSystem.stack
            let port = try #require(stack.ports.administration[service])
            for target in ["/livez", "/readyz", "/metrics"] {
                let answer = try #require(PlainHTTP.send("GET", target, port: port), "\(service) \(target)")
                #expect(answer.status == 200, "\(service) \(target)")
            }
        }

        @Test("Secrets are never shown", arguments: ServiceName.allCases)
        func secretsAreMasked(service: ServiceName) async throws {
            let stack = try await WholeSystem.stack
            let printed = try await Programs.run(
                ProcessLaunch(
                    name: "print-config", program: "\(BuiltExecutables.folder)/\(service.operatorName)",
                    arguments: ["print-config", "--config", stack.layout.configurationFile(service)],
                    output: .file("/dev/null")))
            #expect(printed.contains("database.password"))
            for name in ["database-\(service.operatorName)", "broker-\(service.operatorName)"] {
                #expect(try !printed.contains(stack.layout.secret(name)))
            }
        }

        @Test("A wrong key stops the start with a sentence that names it")
        func wrongConfiguration() async throws {
            let path = "\(TestServers.freshFolder("wrong")).yaml"
            try PrivateFiles.write("admin:\n  listne: 127.0.0.1:9999\n", to: path)
            let launch = ProcessLaunch(
                name: "check-config", program: "\(BuiltExecutables.folder)/metrics",
                arguments: ["check-config", "--config", path], output: .file("/dev/null"))
            let failure = await #expect(throws: LocalServerFailure.self) { try await Programs.run(launch) }
            #expect("\(failure as Any)".contains("admin.listne") && "\(failure as Any)".contains("admin.listen"))
        }
    }
}
