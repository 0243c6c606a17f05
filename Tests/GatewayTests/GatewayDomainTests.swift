import Core
import Testing

@testable import gateway

@Suite struct EnforcementTableTests {
    private let now = Timestamp(seconds: 1_000)

    private func enforcement(
        _ network: String, _ action: EnforcementAction, until seconds: Int64, decision: UUIDv7 = UUIDv7()
    ) throws -> Enforcement {
        Enforcement(
            decision: decision, subject: .network(try #require(IPNetwork(network))), action: action,
            expires: Timestamp(seconds: seconds), reason: "test")
    }

    private func lookUp(_ table: EnforcementTable, _ address: String, at moment: Timestamp) throws -> EnforcementAction?
    {
        table.lookUp(address: try #require(IPAddress(address)), now: moment)?.action
    }

    @Test func theGravestDecisionWinsWhateverTheOrder() throws {
        var table = EnforcementTable()
        table.apply(try enforcement("192.0.2.0/24", .divert, until: 2_000), now: now)
        table.apply(try enforcement("192.0.2.7", .throttle, until: 9_000), now: now)
        #expect(try lookUp(table, "192.0.2.7", at: now) == .divert)
        table.apply(try enforcement("192.0.2.7", .ban, until: 1_500), now: now)
        #expect(try lookUp(table, "192.0.2.7", at: now) == .ban)
        #expect(try lookUp(table, "192.0.2.8", at: now) == .divert)
        #expect(try lookUp(table, "192.0.3.1", at: now) == nil)
    }

    @Test func aDecisionEndsWhenItsTimeIsUpEvenBeforeTheSweep() throws {
        var table = EnforcementTable()
        table.apply(try enforcement("192.0.2.7", .ban, until: 1_001), now: now)
        #expect(try lookUp(table, "192.0.2.7", at: Timestamp(seconds: 1_001)) == nil)
        let over = table.expire(now: Timestamp(seconds: 1_001))
        #expect(over.count == 1)
        #expect(table.count == 0)
    }

    @Test func aDecisionThatArrivesTooLateNeverEnters() throws {
        var table = EnforcementTable()
        table.apply(try enforcement("192.0.2.7", .ban, until: 1_000), now: now)
        #expect(table.count == 0)
    }

    @Test func theSameDecisionTwiceIsOneAndARevertedOneIsGone() throws {
        var table = EnforcementTable()
        let decision = UUIDv7()
        for _ in 0..<2 { table.apply(try enforcement("192.0.2.7", .ban, until: 2_000, decision: decision), now: now) }
        #expect(table.count == 1)
        table.remove(decision)
        #expect(try lookUp(table, "192.0.2.7", at: now) == nil)
    }

    @Test func aFullTableLetsGoOfWhatWouldEndFirst() throws {
        var table = EnforcementTable(capacity: 2)
        table.apply(try enforcement("192.0.2.1", .ban, until: 1_100), now: now)
        table.apply(try enforcement("192.0.2.2", .ban, until: 1_200), now: now)
        table.apply(try enforcement("192.0.2.3", .ban, until: 1_300), now: now)
        #expect(table.count == 2)
        #expect(try lookUp(table, "192.0.2.1", at: now) == nil)
        #expect(try lookUp(table, "192.0.2.3", at: now) == .ban)
    }

    @Test func anAccountIsFoundWhateverItsAddress() throws {
        var table = EnforcementTable()
        table.apply(
            Enforcement(
                decision: UUIDv7(), subject: .account("mallory"), action: .stepUp, expires: Timestamp(seconds: 2_000),
                reason: "test"), now: now)
        let address = try #require(IPAddress("2001:db8::1"))
        #expect(table.lookUp(address: address, account: "mallory", now: now)?.action == .stepUp)
        #expect(table.lookUp(address: address, account: "alice", now: now) == nil)
    }
}

@Suite struct ClientAddressTests {
    /// hops, trusted networks, peer, forwarded, expected
    @Test(arguments: [
        (0, [], "192.0.2.9", ["198.51.100.1"], "192.0.2.9"),
        (1, [], "192.0.2.9", ["198.51.100.1"], "198.51.100.1"),
        (1, [], "192.0.2.9", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        (2, [], "192.0.2.9", ["6.6.6.6, 198.51.100.1", "203.0.113.5"], "198.51.100.1"),
        (2, [], "192.0.2.9", ["203.0.113.5"], "203.0.113.5"),
        (1, ["10.0.0.0/8"], "192.0.2.9", ["198.51.100.1"], "192.0.2.9"),
        (1, ["10.0.0.0/8"], "10.1.2.3", [" [2001:db8::7]:4711 "], "2001:db8::7"),
        (1, [], "192.0.2.9", ["198.51.100.1:80"], "198.51.100.1"),
        (1, [], "192.0.2.9", ["unknown"], "192.0.2.9"),
        (1, [], "192.0.2.9", [""], "192.0.2.9"),
        (3, [], "192.0.2.9", ["6.6.6.6, nonsense, 203.0.113.5"], "203.0.113.5"),
    ])
    func onlyTheTrustedEndOfTheHeaderCounts(
        hops: Int, networks: [String], peer: String, forwarded: [String], expected: String
    ) throws {
        let policy = ClientAddressPolicy(trustedHops: hops, trustedNetworks: networks.compactMap { IPNetwork($0) })
        let client = policy.client(
            peer: try #require(IPAddress(peer)), forwardedFor: forwarded.map { Array($0.utf8)[...] })
        #expect(client.description == expected)
    }
}

@Suite struct RouteTableTests {
    private let table = RouteTable([
        Route(name: "everything", upstream: "app"),
        Route(name: "shop", path: "/shop", upstream: "shop"),
        Route(name: "shop-admin", path: "/shop/admin", methods: ["GET"], upstream: "shop"),
        Route(name: "wild", hosts: ["*.example.org"], upstream: "wild"),
        Route(name: "named", hosts: ["api.example.org"], upstream: "api"),
    ])

    @Test(arguments: [
        ("localhost", "GET", "/", "everything"), ("localhost", "GET", "/shop", "shop"),
        ("localhost", "GET", "/shop/cart", "shop"), ("localhost", "GET", "/shopping", "everything"),
        ("localhost", "GET", "/shop/admin/users", "shop-admin"), ("localhost", "POST", "/shop/admin", "shop"),
        ("api.example.org", "GET", "/shop", "named"), ("www.example.org", "GET", "/shop", "wild"),
        ("a.b.example.org", "GET", "/", "everything"), (".example.org", "GET", "/", "everything"),
        ("example.org", "GET", "/", "everything"),
    ])
    func theMostSpecificRouteTakesTheRequest(host: String, method: String, path: String, expected: String) throws {
        let path = try #require(RequestPath(path))
        #expect(table.match(host: host, method: method, path: path)?.route.name == expected)
    }

    @Test func withoutACatchAllSomeRequestsHaveNoRoute() throws {
        let table = RouteTable([Route(name: "shop", path: "/shop", upstream: "shop")])
        let path = try #require(RequestPath("/other"))
        #expect(table.match(host: "localhost", method: "GET", path: path) == nil)
    }
}
