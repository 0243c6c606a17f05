import BusTestSupport
import Core
import LocalServers
import TestSupport
import Testing

@testable import Messaging

@Suite("The topology on a real broker", .onBroker, .timeLimit(.minutes(2)))
struct TopologyBrokerTests {
    @Test(
        "each partition key leads to a partition of its own, for every consumer", arguments: Topology.requestConsumers)
    func partitionKeys(consumer: ServiceName) async throws {
        let fixture = BusFixture.current
        var reached: [String] = []
        for key in Topology.partitionKeys {
            let answer = try await fixture.virtualHost.broker.evaluate(
                """
                Name = rabbit_misc:r(
                    <<"\(fixture.virtualHost.name)">>, exchange, <<"\(Exchange.partitions(of: consumer))">>),
                {ok, Exchange} = rabbit_exchange:lookup(Name),
                Message = {basic_message, Name, [<<"\(key)">>], none, none, false},
                [Queue] = rabbit_exchange_type_consistent_hash:route(
                    Exchange, {delivery, false, false, self(), Message, undefined, noflow}),
                element(4, Queue).
                """)
            reached.append(answer)
        }
        #expect(Set(reached).count == Topology.partitions, "\(reached)")
    }
}
