internal import Foundation
internal import LocalServers

/// The gateway, nginx and HAProxy in front of one upstream, one thread and one core for the three in turn. The upstream
/// shares the other core with the load generator.
struct ProxyFleet {
    let gateway: MeasuredServer
    let nginx: MeasuredServer
    let haproxy: MeasuredServer

    var proxies: [MeasuredServer] { [gateway, nginx, haproxy] }

    /// What each route's path begins with: not inspected, or inspected and stopped when it is an attack.
    static let plain = "/plain/"
    static let inspected = "/inspected/"

    static func start(
        _ proxied: ProxiedProtocol, before upstream: MeasuredServer, _ certificate: TestCertificate, folder: String
    ) async throws -> ProxyFleet {
        let secured = proxied.isSecure ? certificate : nil
        return try ProxyFleet(
            gateway: gateway(before: upstream.port, secured, folder),
            nginx: nginx(before: upstream.port, secured, folder),
            haproxy: haproxy(before: upstream.port, secured, folder))
    }

    func stop() async {
        for proxy in proxies { await proxy.stop() }
    }

    /// Answers out of memory, but for the large file.
    static func upstream(folder: String) throws -> MeasuredServer {
        let port = try FreePort.choose()
        try String(repeating: "0123456789abcdef", count: 4_096)
            .write(toFile: "\(folder)/large", atomically: true, encoding: .utf8)
        let item = String(repeating: "An ordinary page of an ordinary shop. ", count: 27)
        return try .nginx(
            "upstream", port: port, folder: folder,
            http: """
                sendfile on;
                tcp_nopush on;
                open_file_cache max=10;
                default_type text/html;
                server {
                    listen 127.0.0.1:\(port) backlog=4096;
                    root \(folder);
                    location ~ /hello$ { return 200 "Hello, world!\\n"; }
                    location ~ /item$ { return 200 "\(item)"; }
                    location ~ /form$ { return 200 "Thank you.\\n"; }
                    location ~ /large$ { try_files /large =404; }
                }
                """, core: 1)
    }

    // MARK: The three

    private static func nginx(
        before upstream: Int, _ certificate: TestCertificate?, _ folder: String
    ) throws -> MeasuredServer {
        let port = try FreePort.choose()
        return try .nginx(
            port: port, folder: folder,
            http: """
                upstream behind { server 127.0.0.1:\(upstream); keepalive 512; keepalive_requests 1000000000; }
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_set_header X-Forwarded-Proto $scheme;
                proxy_set_header X-Request-Id $request_id;
                server {
                    listen 127.0.0.1:\(port)\(certificate == nil ? "" : " ssl http2") backlog=4096;
                    \(certificate?.nginx ?? "")
                    http2_max_requests 1000000000;
                    location / { proxy_pass http://behind; }
                }
                """)
    }

    private static func haproxy(
        before upstream: Int, _ certificate: TestCertificate?, _ folder: String
    ) throws -> MeasuredServer {
        let port = try FreePort.choose()
        let file = "\(folder)/haproxy-\(port).cfg"
        let secured = certificate.map { " ssl crt \($0.bundle) alpn h2,http/1.1" } ?? ""
        try """
        global
            nbthread 1
            maxconn 4000
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
            option forwardfor
            http-reuse always
        frontend clients
            bind 127.0.0.1:\(port)\(secured)
            http-request set-header X-Forwarded-Proto \(certificate == nil ? "http" : "https")
            unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
            unique-id-header X-Request-Id
            default_backend behind
        backend behind
            server upstream 127.0.0.1:\(upstream)

        """.write(toFile: file, atomically: true, encoding: .utf8)
        return try MeasuredServer(
            name: "haproxy", port: port, program: "/usr/sbin/haproxy", ["-db", "-q", "-f", file],
            log: "\(folder)/haproxy-\(port).log")
    }

    /// The real executable, with neither broker nor database: it serves without them.
    static func gateway(
        before upstream: Int, _ certificate: TestCertificate?, _ folder: String, maximumConnections: Int = 10_000,
        accessLog: String? = nil
    ) throws -> MeasuredServer {
        let port = try FreePort.choose()
        let file = "\(folder)/gateway-\(port).yaml"
        let routes = "\(folder)/routes-\(port).yaml"
        try """
        log:
          level: error
        admin:
          listen: 127.0.0.1:\(FreePort.choose())
        limits:
          reactors: 1
        bus:
          port: \(FreePort.choose())
        database:
          port: \(FreePort.choose())
        listen:
          address: 127.0.0.1:\(port)
          maximum_connections: \(maximumConnections)
          \(certificate.map { "certificate: \($0.chain)\n  certificate_key: \($0.key)" } ?? "")
        labyrinth:
          address: 127.0.0.1:\(FreePort.choose())
        \(accessLog.map { "access_log:\n  file: \($0)" } ?? "")
        routes_file: \(routes)

        """.write(toFile: file, atomically: true, encoding: .utf8)
        try """
        routes:
          - path: \(plain)
            upstream: 127.0.0.1:\(upstream)
            inspection: off
          - path: \(inspected)
            upstream: 127.0.0.1:\(upstream)
            inspection: enforce

        """.write(toFile: routes, atomically: true, encoding: .utf8)
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return try MeasuredServer(
            name: "gateway", port: port, program: program.appendingPathComponent("gateway").path, ["--config", file],
            log: "\(folder)/gateway-\(port).log")
    }
}
