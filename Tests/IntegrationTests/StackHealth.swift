import Core
import Foundation
import LocalServers
import TestSupport
import Testing

@testable import local_stack

/// What the fault tests ask of the stack as a whole.
extension Stack {
    var processIDs: [Int32?] { ServiceName.allCases.map { process($0.operatorName)?.processID } }

    func everyoneIsReady() async throws {
        for (service, port) in ports.administration {
            try await eventually("\(service) is ready again", within: .seconds(60)) {
                PlainHTTP.send("GET", "/readyz", port: port)?.status == 200
            }
        }
    }

    /// Whoever is killed is started again by the supervisor.
    func kill(_ service: ServiceName) async throws {
        let supervised = try #require(process(service.operatorName))
        let restarts = supervised.restarts
        let victim = try #require(supervised.processID)
        _ = Glibc.kill(victim, SIGKILL)
        try await eventually("\(service) is started again", within: .seconds(20)) { supervised.restarts > restarts }
    }

    func said(by service: ServiceName) -> String { PrivateFiles.read(log.path(service.operatorName)) ?? "" }

    /// An attack leads to a decision: gateway, bus, detector, coordinator and API all work.
    func judgementWorks(attacker address: String) async throws {
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

extension String {
    func occurrences(of text: String) -> Int { components(separatedBy: text).count - 1 }
}
