/// A scripted tour against a running stack: one attack, followed from outside through all seven services. Nothing is
/// pretended: every line shows what a server answered.
internal import Core
internal import Foundation
internal import LocalServers

struct Demonstration {
    private static let visitor = "127.0.0.1"
    /// Another address of this machine, so that the attacker is somebody else than you, and in every tour another.
    private static let attacker = "127.66.\(Int.random(in: 1...250)).\(Int.random(in: 1...250))"
    private static let attack = "/search?q=1%27%20UNION%20SELECT%20password%20FROM%20users--%20-"

    let gatewayPort: Int
    let administratorPassword: String

    /// False when a step did not show what it should.
    func run() async -> Bool {
        heading("1. A visitor reads the shop's front page: the gateway passes it on")
        guard show("GET", "/", from: Self.visitor)?.status == 200 else { return false }
        heading("2. Somebody at \(Self.attacker) tries an SQL injection: inspection refuses it before the shop sees it")
        guard show("GET", Self.attack, from: Self.attacker)?.status == 403 else { return false }
        heading("3. You sign in: auth issues a token, the gateway verifies it")
        guard let token = signIn() else { return false }
        heading("4. The attacker persists: the detector judges, the agent-coordinator decides")
        guard let decision = await decisionAboutAttacker(token) else { return false }
        heading("5. The decision is in force: whatever he asks for now, he does not get the shop")
        await walk()
        heading("6. Metrics has counted it, audit has it on record")
        showRecords(token)
        heading("7. Every decision can be undone")
        return revert(decision, token)
    }

    private func signIn() -> String? {
        let credentials = """
            {"grant_type":"password","username":"\(Welcome.administrator)","password":"\(administratorPassword)"}
            """
        let answer = ask("POST", "/v1/auth/token", headers: [("Content-Type", "application/json")], body: credentials)
        let token = object(answer)["access_token"] as? String
        say("POST /v1/auth/token → \(answer?.status ?? 0)  \(token.map { "\($0.prefix(40))…" } ?? "no token")")
        return token
    }

    private func decisionAboutAttacker(_ token: String) async -> String? {
        for attempt in 1...60 {
            _ = ask("GET", Self.attack, from: Self.attacker)
            let decisions = object(ask("GET", "/v1/decisions?limit=50&active_only=true", token: token))["decisions"]
            let own = (decisions as? [[String: Any]] ?? []).first { decision in
                (decision["subject"] as? [String: Any])?["value"] as? String == Self.attacker
            }
            if let own {
                let attacks = attempt == 1 ? "one more attack" : "\(attempt) more attacks"
                say("after \(attacks): \(own["action"] ?? "") until \(own["expires_at"] ?? "")")
                say("because: \(own["reason"] ?? "")")
                return own["decision_id"] as? String
            }
            try? await Task.sleep(for: .milliseconds(250))
        }
        say("no decision came within 15 seconds; what do the logs say?")
        return nil
    }

    private func walk() async {
        var target = "/"
        for _ in 1...4 {
            guard let page = show("GET", target, from: Self.attacker), page.status == 200 else { return }
            let links = page.text.components(separatedBy: "href=\"").dropFirst()
                .compactMap { $0.components(separatedBy: "\"").first }
                .filter { $0.hasPrefix("/") && !$0.hasPrefix("//") && $0 != target }
            guard let next = links.randomElement() else { return }
            target = next.replacingOccurrences(of: "&amp;", with: "&")
        }
    }

    private func showRecords(_ token: String) {
        let total = object(ask("GET", "/v1/metrics/overview", token: token))["total"] as? [String: Any] ?? [:]
        let names = ["requests", "blocked", "diverted", "threats", "decisions", "intruder_steps"]
        say(names.map { "\($0) \(total[$0] ?? 0)" }.joined(separator: ", "))
        let entries = object(ask("GET", "/v1/audit/entries?limit=6", token: token))["entries"] as? [[String: Any]] ?? []
        for entry in entries { say("audit \(entry["index"] ?? "")  \(entry["summary"] ?? "")") }
    }

    private func revert(_ decision: String, _ token: String) -> Bool {
        let answer = ask(
            "POST", "/v1/decisions/\(decision)/revert", headers: [("Content-Type", "application/json")],
            body: #"{"reason":"the tour is over"}"#, token: token)
        say("POST /v1/decisions/\(decision)/revert → \(answer?.status ?? 0)")
        return answer?.status == 200
    }

    private func heading(_ text: String) { Terminal.write("\n\(Terminal.bold(text))\n") }
    private func say(_ text: String) { Terminal.write("   \(text)\n") }

    /// Asks and shows the status and the beginning of what a person would read.
    @discardableResult
    private func show(_ method: String, _ target: String, from address: String) -> PlainHTTPResponse? {
        let answer = ask(method, target, from: address)
        say(Terminal.faint("\(address)  \(method) \(target.prefix(80))"))
        say("→ \(answer.map { "\($0.status)  \(Self.title($0.text))" } ?? "no answer")")
        return answer
    }

    private func ask(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: String = "",
        token: String? = nil, from address: String = visitor
    ) -> PlainHTTPResponse? {
        let authorization = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        return PlainHTTP.send(
            method, target, port: gatewayPort, headers: headers + authorization, body: Array(body.utf8), from: address)
    }

    private func object(_ answer: PlainHTTPResponse?) -> [String: Any] {
        let json = answer.flatMap { try? JSONSerialization.jsonObject(with: Data($0.body)) }
        return json as? [String: Any] ?? [:]
    }

    private static func title(_ text: String) -> String {
        let title = text.components(separatedBy: "<title>").dropFirst().first?.components(separatedBy: "</title>").first
        return String((title ?? text.split(separator: "\n").first.map(String.init) ?? "").prefix(110))
    }
}
