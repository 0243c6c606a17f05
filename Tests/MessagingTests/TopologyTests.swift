import Core
import Foundation
import JSON
import TestSupport
import Testing

@testable import Messaging

@Suite("The topology table")
struct TopologyTests {
    @Test("docs/bus-topology.md is what the table says")
    func document() throws {
        let path = "\(Repository.root)/docs/bus-topology.md"
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try Data(Topology.document.utf8).write(to: URL(fileURLWithPath: path))
        }
        let written = try String(contentsOfFile: path, encoding: .utf8)
        #expect(written == Topology.document, "run again with RECORD=1")
    }

    @Test("definitions are JSON in which every binding names what is declared")
    func definitions() throws {
        let credentials = [ServiceName.audit: BusCredential(service: .audit, password: #"a "quoted" password"#)]
        let json = try JSONValue(parsing: Topology.definitions(virtualHost: "suite", credentials: credentials))
        func names(_ member: String) -> Set<String> {
            Set((json[member]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue })
        }
        let bindings = json["bindings"]?.arrayValue ?? []
        #expect(bindings.count > 40)
        for binding in bindings {
            let isToQueue = binding["destination_type"]?.stringValue == "queue"
            let destinations = names(isToQueue ? "queues" : "exchanges")
            #expect(destinations.contains(binding["destination"]?.stringValue ?? ""))
            #expect(names("exchanges").contains(binding["source"]?.stringValue ?? ""))
        }
        #expect(names("users") == ["audit"])
    }

    @Test("a password's hash is RabbitMQ's: Base64 of the salt and SHA-256 of salt and password")
    func passwordHash() {
        // The example of RabbitMQ's own documentation: salt 908DC60A, password test12.
        let credential = BusCredential(user: "u", password: "test12")
        #expect(
            credential.passwordHash(salt: [0x90, 0x8d, 0xc6, 0x0a])
                == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR")
    }

    @Test(
        "an address's partition is that of its bytes",
        arguments: ["127.0.0.1", "203.0.113.255", "::1", "2001:db8::1", "::ffff:10.0.0.1"])
    func partitions(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(Topology.partitionIndex(of: address) == Topology.partitionIndex(of: address.bytes))
    }

    @Test("every topic is unique, has an owner's consumer and belongs to a known schema")
    func topics() {
        #expect(Set(Topic.all.map(\.name)).count == Topic.all.count)
        for topic in Topic.all where topic.carrier == .events {
            #expect(Topology.subscriptions.contains { $0.topics.contains(topic) }, "\(topic.name) has no listener")
        }
    }
}
