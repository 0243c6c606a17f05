import Core
import HTTP
import Reactor
import Synchronization

/// Upstream servers that misbehave on command, on threads of their own.
final class UpstreamServers: Sendable {
    enum Behaviour: Sendable, Equatable {
        /// 200 with the server's number, after reading the whole request.
        case well
        case status(Int)
        /// Reads the request and closes without a word.
        case silent
        /// Sends half an answer, then closes.
        case half
        case slow(Duration)
    }

    struct Seen: Sendable {
        var requests = 0
        var bodies: [Int] = []
        var timeouts: [Int] = []
        var wasCancelled = false
        var versions: Set<HTTPVersion> = []
    }

    private struct Server {
        var server: HTTPServer?
        var address: SocketAddress
        var behaviour = Behaviour.well
        var seen = Seen()
    }

    private let group: ReactorGroup
    private let servers: Mutex<[Server]>

    init(_ count: Int) async throws {
        group = try ReactorGroup(count: 1)
        servers = Mutex(Array(repeating: Server(address: .loopback(port: 0)), count: count))
        for index in 0..<count { try await start(index) }
    }

    var addresses: [String] { servers.withLock { $0.map { "\($0.address)" } } }
    func seen(_ index: Int) -> Seen { servers.withLock { $0[index].seen } }
    func set(_ index: Int, _ behaviour: Behaviour) { servers.withLock { $0[index].behaviour = behaviour } }

    /// Again at the address it had, once it has one.
    func start(_ index: Int) async throws {
        let server = HTTPServer(
            configuration(servers.withLock { $0[index].address }), group: group,
            handler: HTTPHandlerFunction { [weak self] request, response in
                // A health check may still come when its test has ended.
                try await self?.answer(index, request, response)
            })
        let address = try await server.start()
        servers.withLock { servers in
            servers[index].server = server
            servers[index].address = address
        }
    }

    /// Lets what is under way end, as a server does that is told to stop.
    func stop(_ index: Int) async {
        let server = servers.withLock { servers in
            defer { servers[index].server = nil }
            return servers[index].server
        }
        await server?.stop(deadline: .after(.seconds(5)))
    }

    private func configuration(_ address: SocketAddress) -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration(address: address)
        configuration.abandonAfter = .milliseconds(10)
        configuration.version2.allowsPriorKnowledge = true
        return configuration
    }

    private func answer(
        _ index: Int, _ request: HTTPServerRequest, _ response: HTTPResponseWriter
    ) async throws {
        let behaviour = servers.withLock { servers in
            servers[index].seen.requests += 1
            servers[index].seen.versions.insert(request.head.version)
            if let text = request.head.headers["x-request-timeout-ms"], let left = Int(text) {
                servers[index].seen.timeouts.append(left)
            }
            return servers[index].behaviour
        }
        if request.head.target != "/early" {
            let body = try await request.body.collect(upTo: 1 << 24)
            servers.withLock { $0[index].seen.bodies.append(body.count) }
        }
        switch behaviour {
        case .well:
            try await response.respond(.ok, headers: ["X-Server": "\(index)"], text: "\(index)")
        case .status(let code):
            try await response.respond(HTTPStatus(code), headers: ["X-Server": "\(index)"], text: "no")
        case .silent:
            throw HTTPFailure.truncated
        case .half:
            try response.start(.ok, length: 100)
            try await response.write(Array("half".utf8))
            throw HTTPFailure.truncated
        case .slow(let time):
            do {
                try await Reactor.sleep(for: time)
            } catch {
                servers.withLock { $0[index].seen.wasCancelled = true }
                throw error
            }
            try await response.respond(.ok, headers: ["X-Server": "\(index)"], text: "\(index)")
        }
    }
}

extension GatewayFixture {
    /// A gateway whose one route leads to these servers; `options` are further keys of the upstream, `route` of the route.
    static func before(
        _ servers: UpstreamServers, _ options: String = "", route: String = "", reactors: Int = 1
    ) async throws -> GatewayFixture {
        let endpoints = servers.addresses.map { "\"\($0)\"" }.joined(separator: ", ")
        return try await GatewayFixture(
            reactors: reactors,
            routesFile: """
                upstreams:
                  shop: { endpoints: [\(endpoints)]\(options.isEmpty ? "" : ", \(options)") }
                routes:
                  - { name: shop, upstream: shop\(route.isEmpty ? "" : ", \(route)") }
                """)
    }
}
