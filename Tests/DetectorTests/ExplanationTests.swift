import Core
import Inspection
import Testing

@testable import detector

@Suite struct RequestTextTests {
    private func parse(_ text: String) throws -> InspectedRequest { try RequestText.parse(Array(text.utf8)) }

    @Test func readsARequestAsPeopleKeepIt() throws {
        let request = try parse(
            "POST /items?page=2 HTTP/1.1\r\nHost: shop.example\nContent-Type:text/plain\r\n\r\nhello\nworld")
        #expect(request.method == "POST")
        #expect(String(decoding: request.target, as: UTF8.self) == "/items?page=2")
        #expect(request.headers.map(\.name) == ["Host", "Content-Type"])
        #expect(request.headers.map(\.value) == [Array("shop.example".utf8), Array("text/plain".utf8)])
        #expect(String(decoding: request.body, as: UTF8.self) == "hello\nworld")
    }

    @Test func theRequestLineIsEnough() throws {
        #expect(try parse("GET /").target == [UInt8(ascii: "/")])
    }

    @Test func whatIsNoRequestSaysWhy() {
        #expect(throws: RequestText.Failure.empty) { try parse("") }
        #expect(throws: RequestText.Failure.malformedRequestLine("hello")) { try parse("hello") }
        #expect(throws: RequestText.Failure.malformedHeader(line: 3)) { try parse("GET / HTTP/1.1\nHost: a\nnonsense") }
    }
}

@Suite struct ExplanationTests {
    private func explain(_ text: String) throws -> String {
        let inspector = try Inspector()
        var scratch = try InspectionScratch()
        let verdict = inspector.engine.inspect(try RequestText.parse(Array(text.utf8)), .standard, &scratch)
        return Explanation.text(verdict, engineVersion: inspector.engine.version)
    }

    @Test func saysWhatWasFoundWhereAndHowToSilenceIt() throws {
        let text = try explain("GET /search?q=1+UNION+SELECT+2 HTTP/1.1\nHost: shop.example\n\n")
        #expect(text.contains("block at the standard thresholds"))
        #expect(text.contains("sqli.union-select  UNION SELECT"))
        #expect(text.contains("where     argument q, decoded, from byte 2"))
        #expect(text.contains("matched   union select"))
        #expect(text.contains("silence   rule: sqli.union-select, parameter: q"))
    }

    @Test func saysThatNothingWasFound() throws {
        #expect(try explain("GET / HTTP/1.1\n\n").contains("Nothing was found."))
    }

    @Test func hostileBytesDoNotReachTheTerminal() {
        #expect(Explanation.visible([0x1b, 0x5b, 0x41, 0x0a, 0xff]) == "\\x1b[A\\x0a\\xff")
    }
}

@Suite struct InspectorTests {
    @Test func aRequestTheGatewayDidNotInspectIsInspectedHere() throws {
        let inspector = try Inspector()
        var scratch = try InspectionScratch()
        let request = ObservedRequest(
            id: UUIDv7(), at: Timestamp(seconds: 1), client: .v4Loopback, method: Array("GET".utf8), host: [],
            path: Array("/a".utf8), query: Array("q=<script>x</script>".utf8), userAgent: Array("sqlmap/1.7".utf8),
            referer: [], status: 200, course: .served, route: "shop", inspection: nil, user: nil, trace: nil)
        let evidence = inspector.evidence(for: request, &scratch)
        #expect(evidence.score > 0.8)
        #expect(Set(evidence.findings.map(\.category)).isSuperset(of: [.crossSiteScripting, .scanner]))
    }
}

@Suite struct ThreatCategoryTests {
    @Test(arguments: FindingCategory.allCases)
    func `What the engine finds has a category of the same name here`(category: FindingCategory) throws {
        let threat = try #require(ThreatCategory(rawValue: category.contractNumber))
        let coarser: [FindingCategory: ThreatCategory] = [
            .lookupInjection: .codeInjection, .headerInjection: .protocolAbuse, .directoryInjection: .ldapInjection,
            .serverSideRequestForgery: .requestForgery, .remoteFileInclusion: .fileInclusion,
        ]
        #expect(coarser[category].map { $0 == threat } ?? ("\(threat)" == "\(category)"))
    }
}
