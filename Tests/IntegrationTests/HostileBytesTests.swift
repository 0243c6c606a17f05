import Core
import Foundation
import LocalServers
import Messaging
import TestSupport
import Testing

@testable import local_stack

extension WholeSystem {
    /// Bytes no protocol allows, on every port and every queue. Nobody crashes, everybody says what was wrong and goes on.
    @Suite("Hostile bytes", .serialized)
    struct HostileBytesTests {
        @Test("Garbage on every port a service listens at is refused or cut off, never served")
        func ports() async throws {
            let stack = try await WholeSystem.stack
            let before = stack.processIDs
            var random = SeededGenerator(seed: 0x1f)
            let known = Set(stack.ports.administration.values).union([stack.ports.gateway, stack.ports.labyrinth])
            // A list of open files that changes while it is read may come out empty.
            let ports = try await eventually("the kernel names every port") { () -> [Int]? in
                let ports = before.flatMap { ListeningPorts.of(process: $0 ?? 0) }
                return known.isSubset(of: ports) ? ports : nil
            }
            for port in ports {
                for bytes in Self.shapes(&random) {
                    let answer = try offer(bytes, to: port)
                    let isRefusal = answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.1 5")
                    #expect(
                        answer.isEmpty || isRefusal, "port \(port) answered \(bytes.prefix(60)): \(answer.prefix(60))")
                }
                #expect(try offer(Array(Self.smuggled.utf8), to: port).hasPrefix("HTTP/1.1 400"))
            }
            let client = try await Client("127.0.4.1")
            #expect(try client.get("/").status == 200)
            for port in stack.ports.administration.values {
                #expect(PlainHTTP.send("GET", "/livez", port: port)?.status == 200)
            }
            #expect(stack.processIDs == before)
        }

        @Test("Every wrong message in every queue becomes a dead letter or a line in the log, and work goes on")
        func queues() async throws {
            let stack = try await WholeSystem.stack
            let before = stack.processIDs
            let inlets = try await inlets(of: stack)
            let (deadBefore, toldBefore) = (try await deadLetters(stack), told(stack))
            var (dead, refusals): ([ServiceName: Int], [ServiceName: Int]) = ([:], [:])
            var random = SeededGenerator(seed: 0x2f)
            var terms: [String] = []
            for inlet in inlets {
                var messages = HostileMessage.inadmissible(instead: inlet.usual, &random)
                // A call of any name is answered, if only with a refusal; there is nobody here to hear it.
                if inlet.takesEvents { messages.append(.unknown(instead: inlet.usual)) }
                if let topic = inlet.read { messages.append(.unreadable(topic)) }
                terms += messages.map { $0.term(for: inlet.name) }
                if inlet.keepsDead { dead[inlet.owner, default: 0] += messages.count }
                refusals[inlet.owner, default: 0] += messages.count
            }
            terms.append(HostileMessage.unreadable(.threatDetected).term(for: Queue.events(of: .audit).name))
            try await publish(terms, to: stack)
            for (service, count) in refusals {
                try await eventually("\(service) told of \(count) refusals", within: .seconds(60)) {
                    told(stack)[service, default: 0] - toldBefore[service, default: 0] == count
                }
            }
            for (service, count) in dead {
                try await eventually("\(service) has \(count) dead letters more", within: .seconds(30)) {
                    try await deadLetters(stack)[service, default: 0] - deadBefore[service, default: 0] == count
                }
            }
            try await eventually("audit has recorded what it could not read, since that must not be a way to hide") {
                try await API().list("entries", of: "/v1/audit/entries?limit=50&schema=\(Topic.threatDetected.schema)")
                    .contains { ($0["summary"] as? String)?.contains("unreadable") == true }
            }
            #expect(stack.processIDs == before)
            try await stack.judgementWorks(attacker: "127.0.4.2")
        }

        /// A queue that services read.
        private struct Inlet {
            let name: String
            let owner: ServiceName
            let usual: HostileMessage.Usual
            let takesEvents: Bool
            /// A topic whose payloads its handler reads, and refuses when it cannot.
            var read: Topic?
            /// Not a replica's own queue, and not calls: nobody would look after their dead.
            let keepsDead: Bool
        }

        /// The queues of the topology's table, and what replicas made for themselves.
        private func inlets(of stack: Stack) async throws -> [Inlet] {
            let durable = Topology.queues.filter { $0.purpose != .deadLetters }.map { queue in
                Inlet(
                    name: queue.name, owner: queue.owner, usual: .init(queue), takesEvents: queue.purpose != .rpc,
                    read: Self.read(queue), keepsDead: queue.purpose != .rpc)
            }
            let names = try await queueNames(stack)
            #expect(Set(names).isSuperset(of: durable.map(\.name)))
            let replicas = Topology.replicaQueues.flatMap { owner, queues in
                queues.flatMap { queue in
                    names.filter { $0.hasPrefix("\(owner.operatorName).replica.") && $0.hasSuffix(".\(queue.purpose)") }
                        .map {
                            Inlet(
                                name: $0, owner: owner, usual: .init(queue.topics.first, for: owner), takesEvents: true,
                                keepsDead: false)
                        }
                }
            }
            #expect(replicas.count >= 2)
            return durable + replicas
        }

        private static func read(_ queue: Queue) -> Topic? {
            switch queue.purpose {
            case .requests: .requestsObserved
            // Audit keeps what cannot be read.
            case .events where queue.owner == .audit: nil
            case .events:
                Topology.subscriptions(of: queue.owner).first { [.threatDetected, .loginFailed].contains($0) }
            case .rpc, .deadLetters: nil
            }
        }

        private func told(_ stack: Stack) -> [ServiceName: Int] {
            Dictionary(
                uniqueKeysWithValues: ServiceName.allCases.map { service in
                    let log = stack.said(by: service)
                    return (
                        service,
                        log.occurrences(of: "a message was refused") + log.occurrences(of: "becomes a dead letter")
                    )
                })
        }

        private func publish(_ terms: [String], to stack: Stack) async throws {
            try await stack.broker.evaluate(
                """
                [rabbit_basic:publish(rabbit_misc:r(<<"\(StackConfiguration.virtualHost)">>, exchange, <<"">>), Queue,
                    setelement(13, list_to_tuple(['P_basic' | lists:duplicate(14, undefined)]), Sender), Body)
                 || {Queue, Sender, Body} <- [\(terms.joined(separator: ","))]].
                """)
        }

        private func queueNames(_ stack: Stack) async throws -> [String] {
            let answer = try await stack.broker.evaluate(
                """
                [binary_to_list(element(4, amqqueue:get_name(Queue)))
                 || Queue <- rabbit_amqqueue:list(<<"\(StackConfiguration.virtualHost)">>)].
                """)
            return answer.split(separator: "\"").map(String.init).filter { $0.contains(".") }
        }

        private func deadLetters(_ stack: Stack) async throws -> [ServiceName: Int] {
            var counts: [ServiceName: Int] = [:]
            let answer = try await stack.broker.evaluate(
                """
                [{binary_to_list(element(4, amqqueue:get_name(Queue))),
                  proplists:get_value(messages, rabbit_amqqueue:info(Queue, [messages]), 0)}
                 || Queue <- rabbit_amqqueue:list(<<"\(StackConfiguration.virtualHost)">>)].
                """)
            for entry in answer.split(separator: "{").map(String.init) {
                let parts = entry.split(whereSeparator: { "\",} ]".contains($0) })
                guard parts.count >= 2, parts[0].hasSuffix(".dead"), let count = Int(parts[1]) else { continue }
                if let service = ServiceName(rawValue: String(parts[0].dropLast(5))) { counts[service] = count }
            }
            #expect(counts.count == ServiceName.allCases.count, "\(answer)")
            return counts
        }

        /// Random bytes; a request that never ends; a head beyond every limit; a request line of nonsense; a TLS hello.
        private static func shapes(_ random: inout SeededGenerator) -> [[UInt8]] {
            let noise = (0..<20).map { _ in random.bytes(1 + random.below(4_000)) }
            let endless = Array("GET / HTTP/1.1\r\nHost: x\r\nX: ".utf8)
            let oversized = endless + [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
            let negative = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"
            let hello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03] + noise[0]
            return noise + [endless, oversized, Array(negative.utf8), hello]
        }

        private static let smuggled =
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET"

        private func offer(_ bytes: [UInt8], to port: Int) throws -> String {
            let descriptor = try #require(
                LoopbackSocket.connect(port: port, timeout: .seconds(1)), "nobody listens on port \(port)")
            defer { close(descriptor) }
            _ = LoopbackSocket.send(bytes, on: descriptor)
            shutdown(descriptor, Int32(SHUT_WR))
            return String(decoding: LoopbackSocket.receive(upTo: 4_096, on: descriptor) ?? [], as: UTF8.self)
        }
    }
}

/// What the kernel knows of a process's listening TCP sockets, so that a port that is new is tested too.
enum ListeningPorts {
    static func of(process: Int32) -> [Int] {
        let folder = "/proc/\(process)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let sockets = Set(
            names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") })
        // As bytes: on a machine of ten thousand connections, Characters would take longer than the test waits.
        let lines = (PrivateFiles.read("/proc/\(process)/net/tcp") ?? "").utf8.split(separator: UInt8(ascii: "\n"))
        let ports = lines.dropFirst().compactMap { line -> Int? in
            let fields = line.split(separator: UInt8(ascii: " ")).map { Substring($0) }
            // 0A: it listens. The tenth field is the socket's number.
            guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { return nil }
            return fields[1].split(separator: ":").last.flatMap { Int($0, radix: 16) }
        }
        return Array(Set(ports))
    }
}
