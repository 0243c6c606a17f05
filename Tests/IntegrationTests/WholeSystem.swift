import Core
import Foundation
import LocalServers
import TestSupport
import Testing

@testable import local_stack

/// The real stack, as `make run` starts it: real servers, the seven executables of this build, the sample shop. Booted
/// once for this process, in a folder of its own. The suites below share it one after the other, so each leaves it
/// running and healthy.
@Suite("The whole system", .serialized, .timeLimit(.minutes(15)))
struct WholeSystem {
    static let running = Task {
        // So that a message beyond it need not be large.
        for service in ServiceName.allCases {
            unsafe setenv("INFINITE_\(service.schemaName.uppercased())_BUS_MAXIMUM_MESSAGE", "1MiB", 1)
        }
        let stack = try Stack(folder: TestServers.freshFolder("stack"), executables: BuiltExecutables.folder)
        do {
            try await stack.start(BootProgress(parts: Stack.partNames, isShown: false))
        } catch {
            for service in ServiceName.allCases { print(PrivateFiles.tail(stack.log.path(service.operatorName))) }
            throw error
        }
        return stack
    }

    static var stack: Stack { get async throws { try await running.value } }
}

/// A client of the gateway with an address of its own: every 127.x.y.z is ours.
struct Client {
    let stack: Stack
    let address: String

    init(_ address: String) async throws {
        stack = try await WholeSystem.stack
        self.address = address
    }

    func get(_ target: String, headers: [(String, String)] = []) throws -> PlainHTTPResponse {
        try send("GET", target, headers: headers)
    }

    func send(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: String = ""
    ) throws -> PlainHTTPResponse {
        try #require(
            PlainHTTP.send(
                method, target, port: stack.ports.gateway, headers: headers, body: Array(body.utf8), from: address),
            "the gateway gave no answer to \(method) \(target)")
    }

    static let injection = "/search?q=1%27%20UNION%20SELECT%20password%20FROM%20users--%20-"
}

/// The gateway's API with the administrator's token.
struct API {
    let client: Client
    let token: String

    init(from address: String = "127.0.9.1") async throws {
        client = try await Client(address)
        token = try await Self.token(for: client)
    }

    static func token(for client: Client) async throws -> String {
        let password = try client.stack.layout.secret("administrator")
        let request = """
            {"grant_type": "password", "username": "\(Welcome.administrator)", "password": "\(password)"}
            """
        return try await eventually("auth issues a token", within: .seconds(20)) {
            let answer = try client.send("POST", "/v1/auth/token", headers: Self.json, body: request)
            return try answer.status == 200 ? answer.object()["access_token"] as? String : nil
        }
    }

    static let json = [("Content-Type", "application/json")]

    func get(_ target: String) throws -> [String: Any] {
        let answer = try patiently { try client.get(target, headers: [("Authorization", "Bearer \(token)")]) }
        guard answer.status == 200 else { throw Refused(target: target, status: answer.status, body: answer.text) }
        return try answer.object()
    }

    func post(_ target: String, _ body: String) throws -> [String: Any] {
        let headers = Self.json + [("Authorization", "Bearer \(token)")]
        let answer = try patiently { try client.send("POST", target, headers: headers, body: body) }
        guard answer.status == 200 else { throw Refused(target: target, status: answer.status, body: answer.text) }
        return try answer.object()
    }

    /// What any client of the API does when it hears "try again shortly".
    private func patiently(_ ask: () throws -> PlainHTTPResponse) throws -> PlainHTTPResponse {
        let patience = Deadline.after(.seconds(20))
        var answer = try ask()
        while answer.status == 503, !patience.hasPassed {
            answer = try ask()
        }
        return answer
    }

    func list(_ name: String, of target: String) throws -> [[String: Any]] {
        try get(target)[name] as? [[String: Any]] ?? []
    }

    /// Decides about an address as a person would, and returns the decision's identifier.
    func decide(_ action: String, _ address: String, seconds: Int) throws -> String {
        let decision =
            try post(
                "/v1/decisions",
                """
                {"subject": {"kind": "client_address", "value": "\(address)"}, "action": "\(action)",
                 "duration_seconds": \(seconds), "reason": "the integration tests ask for it"}
                """)["decision"] as? [String: Any]
        return try #require(decision?["decision_id"] as? String)
    }

    func revert(_ decision: String) throws {
        _ = try post("/v1/decisions/\(decision)/revert", #"{"reason": "the integration tests are done with it"}"#)
    }

    struct Refused: Error, CustomStringConvertible {
        let target: String
        let status: Int
        let body: String
        var description: String { "\(target) was answered with \(status): \(body)" }
    }
}

extension PlainHTTPResponse {
    func object() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }
}

extension [String: Any] {
    /// Protobuf's 64-bit numbers are text in JSON.
    func number(_ name: String) -> Int {
        (self[name] as? Int) ?? Int(self[name] as? String ?? "") ?? 0
    }
}
