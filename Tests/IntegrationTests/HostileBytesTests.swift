import Core
import Foundation
import LocalServers
import TestSupport
import Testing

@testable import local_stack

extension WholeSystem {
    /// Bytes no protocol allows, on every port and every queue. Nobody crashes, and everybody goes on.
    @Suite("Hostile bytes", .serialized)
    struct HostileBytesTests {
        @Test("Garbage on every port")
        func ports() async throws {
            let stack = try await WholeSystem.stack
            let before = ServiceName.allCases.map { stack.process($0.operatorName)?.processID }
            var random = SeededGenerator(seed: 0x1f)
            let ports = [stack.ports.gateway, stack.ports.labyrinth] + stack.ports.administration.values.sorted()
            for port in ports {
                for bytes in Self.shapes(&random) { offer(bytes, to: port) }
            }
            let client = try await Client("127.0.4.1")
            #expect(try client.get("/").status == 200)
            for port in stack.ports.administration.values {
                #expect(PlainHTTP.send("GET", "/livez", port: port)?.status == 200)
            }
            #expect(ServiceName.allCases.map { stack.process($0.operatorName)?.processID } == before)
        }

        @Test("Garbage in every queue ends as a dead letter or is dropped, and the queue goes on")
        func queues() async throws {
            let stack = try await WholeSystem.stack
            let before = ServiceName.allCases.map { stack.process($0.operatorName)?.processID }
            let deadBefore = try await messages(stack, dead: true)
            try await stack.broker.evaluate(
                """
                [rabbit_basic:publish(rabbit_misc:r(<<"\(StackConfiguration.virtualHost)">>, exchange, <<"">>),
                    element(4, amqqueue:get_name(Queue)), \(Self.emptyProperties), Body)
                 || Queue <- rabbit_amqqueue:list(<<"\(StackConfiguration.virtualHost)">>),
                    Body <- [<<>>, <<255,255,255,255,255,255,255,255,255,255>>, binary:copy(<<"garbage">>, 20000)]].
                """)
            try await eventually("the queues of the services are empty again", within: .seconds(30)) {
                // Each service has at least its calls' queue; three bodies went into it.
                let dead = try await messages(stack, dead: true) - deadBefore
                let waiting = try await messages(stack, dead: false)
                return dead >= 3 * ServiceName.allCases.count && waiting == 0
            }
            #expect(ServiceName.allCases.map { stack.process($0.operatorName)?.processID } == before)
            let client = try await Client("127.0.4.2")
            #expect(try client.get("/").status == 200)
        }

        /// The record `P_basic` of RabbitMQ's framing, all fields undefined.
        private static let emptyProperties =
            "list_to_tuple(['P_basic' | lists:duplicate(14, undefined)])"

        /// Messages in the queues of dead letters, or in all others.
        private func messages(_ stack: Stack, dead: Bool) async throws -> Int {
            let answer = try await stack.broker.evaluate(
                """
                lists:sum([proplists:get_value(messages, rabbit_amqqueue:info(Queue, [messages]), 0)
                     || Queue <- rabbit_amqqueue:list(<<"\(StackConfiguration.virtualHost)">>),
                        \(dead) =:= (nomatch =/= binary:match(element(4, amqqueue:get_name(Queue)), <<"dead">>))]).
                """)
            return try #require(Int(answer.drop { !$0.isNumber }.prefix { $0.isNumber }))
        }

        /// Random bytes; a request that never ends; a head beyond every limit; a request line of nonsense; a TLS hello.
        private static func shapes(_ random: inout SeededGenerator) -> [[UInt8]] {
            let noise = (0..<20).map { _ in
                (0..<Int.random(in: 1...4_000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            let endless = Array("GET / HTTP/1.1\r\nHost: x\r\nX: ".utf8)
            let oversized = endless + [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
            let smuggled =
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET"
            let negative = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"
            let hello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03] + noise[0]
            return noise + [endless, oversized, Array(smuggled.utf8), Array(negative.utf8), hello]
        }

        private func offer(_ bytes: [UInt8], to port: Int) {
            guard let descriptor = LoopbackSocket.connect(port: port, timeout: .seconds(1)) else {
                Issue.record("nobody listens on port \(port)")
                return
            }
            defer { close(descriptor) }
            _ = LoopbackSocket.send(bytes, on: descriptor)
            shutdown(descriptor, Int32(SHUT_WR))
            _ = LoopbackSocket.receive(upTo: 4_096, on: descriptor)
        }
    }
}
