import Contracts
import Core
import JSON
import Testing

@Suite struct JSONFormTests {
    private func text(_ message: some WireMessage) throws -> String {
        String(decoding: try message.json(), as: UTF8.self)
    }

    private func problems<Message: WireMessage>(_: Message.Type, _ json: JSONValue) -> [String] {
        do {
            _ = try Message(json: json)
            return []
        } catch {
            return error.problems.map { $0.path.isEmpty ? $0.message : "\($0.path) \($0.message)" }
        }
    }

    @Test func `a message shows all its fields in the contract's order`() throws {
        let decision = CreateDecisionRequest(
            subject: .clientAddress(IPAddress(v4: 0x7f00_0001)), action: .ban, durationSeconds: 60, reason: "a \"b\"")
        let expected =
            #"{"subject":{"kind":"client_address","value":"127.0.0.1"},"action":"ban","duration_seconds":60,"#
            + #""reason":"a \"b\"","incident_id":null,"throttle_per_minute":0}"#
        #expect(try text(decision) == expected)
        #expect(try text(GetProofResponse()) == #"{"entry":null,"later_hashes":[],"head":null}"#)
    }

    @Test func `formats are shown as people write them`() throws {
        let event = TokenIssued(
            eventID: UUIDv7(high: 0x0192_0000_0000_7000, low: 0x8000_0000_0000_0001),
            issuedAt: Timestamp(seconds: 1_780_000_000), roles: [.admin, .unrecognized(99)],
            clientAddress: try #require(IPAddress("2001:db8::1")))
        let json = try JSONValue(parsing: event.json())
        #expect(json["event_id"] == "01920000-0000-7000-8000-000000000001")
        #expect(json["issued_at"] == "2026-05-28T20:26:40.000000Z")
        #expect(json["expires_at"] == nil as JSONValue)
        #expect(json["roles"] == ["admin", "99"])
        #expect(json["client_address"] == "2001:db8::1")
        let entry = try JSONValue(parsing: AuditEntry(index: .max, payload: [1, 2, 255], hash: [0xab]).json())
        #expect(entry["index"] == "18446744073709551615" && entry["payload"] == "AQL/" && entry["hash"] == "ab")
        let login = try JSONValue(parsing: LoginFailed(claimedName: [0x61, 0xff, 0x3c]).json())
        #expect(login["claimed_name"] == "a\u{fffd}<")
    }

    @Test func `every kind of field goes through JSON and back`() throws {
        var wire = RandomWire(seed: 5)
        for _ in 0..<300 {
            var message = try EveryKind(wireBytes: wire.bytes(of: EveryKind.descriptor))
            // What JSON does not carry: enumeration values without a name, and microseconds' fractions.
            message.colour = .darkBlue
            message.colours = message.colours.map { _ in .red }
            message.timestamp = Timestamp(nanoseconds: message.timestamp.nanoseconds / 4 / 1_000 * 1_000)
            message.text = Array(String(decoding: message.text, as: UTF8.self).utf8)
            message.uuids = message.uuids.filter(\.isSet)
            let json = try JSONValue(parsing: message.json())
            #expect(try EveryKind(json: json) == message)
        }
    }

    @Test func `null is the same as leaving a field out, and numbers may be strings`() throws {
        let json = try JSONValue(
            parsing: #"{"an_int64":"-5","a_uint64":7,"a_double":"1.5","branch":null,"uuid":null}"#.utf8)
        #expect(try EveryKind(json: json) == EveryKind(aDouble: 1.5, anInt64: -5, aUint64: 7))
    }

    @Test func `every problem is named with its field's path`() {
        let json: JSONValue = [
            "subject": ["kind": "nobody", "value": 5, "x": 1], "action": "ban", "duration_seconds": 0,
            "incident_id": "12", "throttle_per_minute": -1, "unknown": true,
        ]
        let found = problems(CreateDecisionRequest.self, json)
        #expect(found.count == 8)
        let expected = [
            "unknown is not a known field here", "subject.x is not a known field here",
            "subject.kind must be one of: client_address, network", "subject.value must be a string, not a number",
            "duration_seconds must be a whole number between 1 and 2592000", "reason is required",
            "incident_id must be a UUID", "throttle_per_minute must be a whole number between 0 and 60000",
        ]
        for beginning in expected { #expect(found.contains { $0.hasPrefix(beginning) }, "\(beginning) in \(found)") }
    }

    private static let bounded: [(text: String, problems: [String])] = [
        (#"{"name":"abc","level":3,"tags":["a","b"]}"#, []), (#"{"name":"a"}"#, ["name must have 2 to 5 bytes, not 1"]),
        (#"{"name":"ééé"}"#, ["name must have 2 to 5 bytes, not 6"]),
        (#"{"name":""}"#, ["name must have 2 to 5 bytes, not 0", "name must not be empty"]),
        (#"{"name":"abc","level":4}"#, ["level must be a whole number between -3 and 3"]),
        (#"{"name":"abc","tags":["a","b","c"]}"#, ["tags must have at most 2 elements, not 3"]),
        (#"{"name":"abc","tags":"a"}"#, ["tags must be an array, not a string"]),
        (#"{"name":"abc","tags":["a",1]}"#, ["tags[1] must be a string, not a number"]),
        ("[]", ["must be an object, not an array"]), ("null", ["must be an object, not null"]),
    ]

    @Test(arguments: bounded)
    func `bounds are checked`(text: String, expected: [String]) throws {
        #expect(problems(Bounded.self, try JSONValue(parsing: text.utf8)) == expected)
    }

    @Test func `the list of problems is bounded`() {
        var object = JSONObject()
        for index in 0..<1_000 { object["field\(index)"] = true }
        #expect(problems(Bounded.self, .object(object)).count == 20)
    }

    @Test func `a message that came in pieces is shown as one`() throws {
        let pieces =
            EveryKind(branch: Branch(label: "a")).wireBytes()
            + EveryKind(branch: Branch(branches: [Branch(label: "b")])).wireBytes()
        var writer = JSONWriter()
        try EveryKind.descriptor.writeJSON(of: pieces, to: &writer)
        let json = try JSONValue(parsing: writer.bytes)
        #expect(json["branch"]?["label"] == "a" && json["branch"]?["branches"]?[0]?["label"] == "b")
    }
}

@Suite struct HTTPBindingTests {
    private let table = HTTPBindingTable()
    private let incident = "01920000-0000-7000-8000-000000000001"

    private func match(_ method: String, _ path: String) -> String {
        switch table.match(method: method, path: path) {
        case .found(let binding, let parameters):
            ([binding.rpcName] + parameters.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        case .wrongMethod(let allowed): "405 \(allowed.joined(separator: ","))"
        case .unknownPath: "404"
        }
    }

    @Test func `paths lead to RPCs`() {
        #expect(match("POST", "/v1/auth/token") == AuthRPC.issueToken.name)
        #expect(match("GET", "/v1/incidents/\(incident)") == "\(DetectorRPC.getIncident.name) incident_id=\(incident)")
        #expect(match("GET", "/v1/audit/entries/7/proof") == "\(AuditRPC.getProof.name) index=7")
        #expect(match("GET", "/v1/incidents/a%2Fb%20c") == "\(DetectorRPC.getIncident.name) incident_id=a/b c")
        #expect(match("DELETE", "/v1/incidents") == "405 GET")
        for path in [
            "", "/", "v1/incidents", "/v1/incidents/", "/v1//incidents", "/v1/nothing", "/v1/incidents/a/b",
            "/v1/incidents/%zz", "/v1/incidents/%ff", "/v1/incidents/%4", "/" + String(repeating: "a", count: 2_000),
        ] {
            #expect(match("GET", path) == "404", "\(path)")
        }
    }

    private func binding(_ rpcName: String) throws -> HTTPBinding {
        try #require(ContractRegistry.httpBindings.first { $0.rpcName == rpcName })
    }

    @Test func `a request is put together from path, query and body`() throws {
        let list = try binding(AgentCoordinatorRPC.listDecisions.name)
        let listed = try list.requestBytes(
            pathParameters: [:], query: [("limit", "5"), ("active_only", "true")], body: nil)
        #expect(try ListDecisionsRequest(wireBytes: listed) == ListDecisionsRequest(limit: 5, activeOnly: true))
        let revert = try binding(AgentCoordinatorRPC.revertDecision.name)
        let reverted = try revert.requestBytes(
            pathParameters: ["decision_id": incident], query: [], body: ["reason": "mine"])
        let expected = RevertDecisionRequest(decisionID: try #require(UUIDv7(incident)), reason: "mine")
        #expect(try RevertDecisionRequest(wireBytes: reverted) == expected)
    }

    @Test func `what is in the wrong place is refused`() throws {
        let list = try binding(AgentCoordinatorRPC.listDecisions.name)
        let revert = try binding(AgentCoordinatorRPC.revertDecision.name)
        let id = ["decision_id": incident]
        let body: JSONValue = ["reason": "x", "decision_id": .string(incident)]
        #expect(throws: JSONMismatch.self) { try list.requestBytes(pathParameters: [:], query: [], body: ["limit": 1]) }
        #expect(throws: JSONMismatch.self) {
            try list.requestBytes(pathParameters: [:], query: [("limit", "1"), ("limit", "2")], body: nil)
        }
        #expect(throws: JSONMismatch.self) {
            try list.requestBytes(pathParameters: [:], query: [("limt", "1")], body: nil)
        }
        #expect(throws: JSONMismatch.self) {
            try list.requestBytes(pathParameters: [:], query: [("active_only", "yes")], body: nil)
        }
        #expect(throws: JSONMismatch.self) { try revert.requestBytes(pathParameters: id, query: [], body: body) }
        #expect(throws: JSONMismatch.self) { try revert.requestBytes(pathParameters: id, query: [], body: nil) }
        #expect(throws: JSONMismatch.self) {
            try revert.requestBytes(pathParameters: id, query: [("reason", "x")], body: ["reason": "x"])
        }
    }
}
