import Foundation
import LocalServers
import TestSupport
import Testing

extension WholeSystem {
    /// The detector's calls, as a client of the API makes them.
    @Suite("The detector's API", .serialized)
    struct DetectorCallTests {
        @Test("A text and a whole request are judged on demand, and the verdict explains itself")
        func analyze() async throws {
            let api = try await API(from: "127.0.5.1")
            let text = try api.post("/v1/analyze", #"{"text": "1' UNION SELECT password FROM users-- -"}"#)
            #expect(text["action"] as? String == "block")
            let request = try api.post(
                "/v1/analyze",
                #"""
                {"method": "POST", "target": "/orders?debug=1", "body": "\#(Data("comment=%3Cscript%3Ealert(1)%3C/script%3E".utf8).base64EncodedString())",
                 "headers": [{"name": "Content-Type", "value": "application/x-www-form-urlencoded"}]}
                """#)
            #expect((request["score"] as? Double ?? 0) > 0.8)
            let finding = try #require((request["findings"] as? [[String: Any]])?.first)
            let rule = try #require(finding["finding"] as? [String: Any])
            #expect((rule["variable"] as? String)?.contains("comment") == true)
            #expect((rule["matched"] as? String)?.contains("script") == true)
            #expect((finding["exclusion"] as? String)?.contains("parameter: comment") == true)
            #expect((request["explanation"] as? String)?.contains("block at the standard thresholds") == true)
            #expect(throws: API.Refused.self) { _ = try api.post("/v1/analyze", "{}") }
        }

        @Test("A list of indicators is taken in, shown, and leads to a threat; our own signals come out as STIX")
        func intelligence() async throws {
            let api = try await API(from: "127.0.5.2")
            let imported = try api.post(
                "/v1/indicators/import",
                #"{"source": "tests", "format": "csv", "content": "ip,confidence\n127.0.5.3,95\nrubbish,1\n"}"#)
            #expect(imported.number("imported") == 1 && imported.number("skipped") == 1)
            #expect(
                try api.list("indicators", of: "/v1/indicators?source=tests").first?["value"] as? String == "127.0.5.3")
            let listed = try await Client("127.0.5.3")
            try await eventually("the listed client is an incident", within: .seconds(60)) {
                _ = try listed.get("/")
                return try api.list("incidents", of: "/v1/incidents?limit=100").contains {
                    ($0["subject"] as? [String: Any])?["value"] as? String == listed.address
                }
            }
            let bundle = try #require(try api.get("/v1/signals")["bundle"] as? String)
            #expect(bundle.contains("[ipv4-addr:value = '127.0.5.3']"))
        }

        @Test("A candidate's settings and rules are tried in the shadow, put in force and taken back")
        func candidates() async throws {
            let api = try await API(from: "127.0.5.4")
            let proposed = try api.post(
                "/v1/candidates",
                #"""
                {"name": "stricter", "settings": [{"key": "behaviour.missing_pages", "value": "15"}],
                 "inspection": {"mode": "enforce", "sampled_permille": 1000,
                  "rules_after": "SecRule ARGS:sweet \"@contains marzipan\" \"id:7,phase:2,deny,tag:attack-generic\""}}
                """#)
            let id = try #require((proposed["candidate"] as? [String: Any])?["candidate_id"] as? String)
            let visitor = try await Client("127.0.5.5")
            try await eventually("it has judged requests", within: .seconds(60)) {
                _ = try visitor.get("/?sweet=marzipan")
                let candidate = try api.list("candidates", of: "/v1/candidates").first {
                    $0["candidate_id"] as? String == id
                }
                guard (candidate?["figures"] as? [String: Any])?.number("requests") ?? 0 > 0 else { return false }
                return (candidate?["trial"] as? [String: Any])?.number("blocked_only_candidate") ?? 0 > 0
            }
            let promoted = try api.post("/v1/candidates/\(id)/promote", "{}")
            #expect((promoted["candidate"] as? [String: Any])?["status"] as? String == "active")
            // Each time somebody else, before he who is stopped again and again is banned.
            var strangers = 0
            func status() async throws -> Int {
                strangers += 1
                let address = "127.0.\(60 + strangers / 200).\(1 + strangers % 200)"
                return try await Client(address).get("/?sweet=marzipan").status
            }
            try await eventually("its rules decide", within: .seconds(60)) { try await status() == 403 }
            let retired = try api.post("/v1/candidates/\(id)/retire", "{}")
            #expect((retired["candidate"] as? [String: Any])?["status"] as? String == "retired")
            try await eventually("what is configured decides again", within: .seconds(60)) {
                try await status() == 200
            }
            #expect(throws: API.Refused.self) {
                _ = try api.post(
                    "/v1/candidates", #"{"name": "wrong", "settings": [{"key": "database.host", "value": "x"}]}"#)
            }
        }
    }
}
