import Contracts
import Core
import Foundation
import TestSupport
import Testing

@testable import contract_generator

@Suite struct GeneratedContractsTests {
    private let top = URL(fileURLWithPath: Repository.root)

    @Test func `the checked-in Swift is what the contracts say now`() throws {
        for contracts in GeneratedContracts.all(in: top) {
            let outdated = try contracts.outdatedFiles()
            #expect(outdated.isEmpty, "run `make proto` and commit the result")
        }
    }

    @Test func `every schema is found by its name, and names itself`() {
        for type in ContractRegistry.messages {
            #expect(ContractRegistry.message(named: type.schema)?.schema == type.schema)
            #expect(type.descriptor.schema == type.schema)
        }
        #expect(ContractRegistry.message(named: "infinite.gateway.v1.RequestObserved") != nil)
        #expect(ContractRegistry.message(named: "no.such.Message") == nil)
    }

    @Test func `every HTTP binding names an RPC of the service it goes to, once`() {
        let bindings = ContractRegistry.httpBindings
        #expect(Set(bindings.map { "\($0.verb.rawValue) \($0.pathTemplate)" }).count == bindings.count)
        #expect(Set(bindings.map(\.rpcName)).count == bindings.count)
        for binding in bindings {
            #expect(binding.rpcName.hasPrefix("infinite.\(binding.service.schemaName).v1."))
        }
        let token = bindings.first { $0.rpcName == AuthRPC.issueToken.name }
        #expect(token?.pathTemplate == "/v1/auth/token" && token?.access == .everyone && token?.service == .auth)
    }

    @Test(arguments: [
        ("message A { oneof x { string a = 1; } }", "oneof"), ("message A { optional string a = 1; }", "optional"),
        ("message A { map<string, string> a = 1; }", "maps"),
        ("message A { message B {} B b = 1; }", "inside a message"),
        ("message A { A a = 1; }", "cannot hold itself"),
        ("message A { B b = 1; } message B { A a = 1; }", "hold itself"),
        ("enum E { A_FIRST = 0; }", "E_UNSPECIFIED"), ("enum E { E_UNSPECIFIED = 0; OTHER = 1; }", "begin with E_"),
        ("message A {} service S { rpc R(stream A) returns (A); }", "streaming"),
        ("message JsonId {} message JSONID {}", "is taken by"),
        ("message A { string a = 1 [(common.v1.rule).format = FIELD_FORMAT_UUID]; }", "needs the type bytes"),
        ("message A { int32 a = 1 [(common.v1.rule) = {minimum: 5, maximum: 2}]; }", "above its maximum"),
        (binding(#"verb: HTTP_VERB_GET, path: "/v1/a/{b}", access: ACCESS_PUBLIC"#), "{b} of its path"),
        (binding(#"verb: HTTP_VERB_GET, path: "/a", access: ACCESS_PUBLIC"#), "begin with /v1/"),
        (binding(#"verb: HTTP_VERB_GET, path: "/v1/a""#), "no verb or no access"),
        (binding(#"verb: HTTP_VERB_GET, path: "/v1/a", body: true, access: ACCESS_PUBLIC"#), "only POST and PUT"),
        (
            binding(#"verb: HTTP_VERB_GET, path: "/v1/a", access: ACCESS_PUBLIC"#, field: "repeated string a = 1;"),
            "a body"
        ),
    ])
    func `what our contracts do not use is refused with the reason`(body: String, reason: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refused-\(UUIDv7())")
        let place = folder.appendingPathComponent("infinite/refused/v1")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = """
            syntax = "proto3"; package infinite.refused.v1;
            import "infinite/common/v1/field.proto"; import "infinite/common/v1/http.proto";
            \(body)
            """
        try text.write(to: place.appendingPathComponent("a.proto"), atomically: true, encoding: .utf8)
        let generator = ContractGenerator(protoRoot: folder, includes: [top.appendingPathComponent("proto")])
        let error = #expect(throws: GeneratorFailure.self) { try generator.generate() }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "no error")")
    }
}

private func binding(_ option: String, field: String = "") -> String {
    "message A { \(field) } service S { rpc R(A) returns (A) { option (common.v1.http) = {\(option)}; } }"
}
