/// The configuration file of each service: what `make run` writes and an operator would write by hand.
internal import Core
internal import LocalServers

struct StackConfiguration: Sendable {
    let layout: StackLayout
    let ports: StackPorts
    let postgreSQL: PrivatePostgreSQL
    let broker: PrivateRabbitMQ

    static let database = "infinite"
    static let virtualHost = "infinite"

    func writeAll() throws(LocalServerFailure) {
        for service in ServiceName.allCases {
            let header = "# Written by the local stack at every start; changes are lost.\n"
            try PrivateFiles.write(header + text(service), to: layout.configurationFile(service))
        }
        try PrivateFiles.write(routes, to: "\(layout.configuration)/routes.yaml")
    }

    private func text(_ service: ServiceName) throws(LocalServerFailure) -> String {
        try common(service) + own(service)
    }

    private func common(_ service: ServiceName) throws(LocalServerFailure) -> String {
        _ = try layout.secret("database-\(service.operatorName)")
        _ = try layout.secret("broker-\(service.operatorName)")
        return """
            log:
              format: text
            admin:
              listen: 127.0.0.1:\(ports.administration[service] ?? 0)
            bus:
              host: 127.0.0.1
              port: \(broker.port)
              virtual_host: \(Self.virtualHost)
              user: \(service.operatorName)
              password_file: \(layout.secretFile("broker-\(service.operatorName)"))
            database:
              host: 127.0.0.1
              port: \(postgreSQL.port)
              name: \(Self.database)
              user: \(service.schemaName)
              password_file: \(layout.secretFile("database-\(service.operatorName)"))

            """
    }

    private func own(_ service: ServiceName) throws(LocalServerFailure) -> String {
        switch service {
        case .gateway:
            _ = try layout.key("gateway-challenge")
            return """
                listen:
                  address: 127.0.0.1:\(ports.gateway)
                routes_file: \(layout.configuration)/routes.yaml
                challenge:
                  key_file: \(layout.secretFile("gateway-challenge"))
                events:
                  spool_directory: \(layout.folder)/spool
                labyrinth:
                  address: 127.0.0.1:\(ports.labyrinth)

                """
        case .labyrinth:
            _ = try layout.key("labyrinth-maze")
            return """
                listen:
                  address: 127.0.0.1:\(ports.labyrinth)
                maze:
                  secret_file: \(layout.secretFile("labyrinth-maze"))

                """
        case .auth:
            _ = try layout.key("auth-master")
            _ = try layout.secret("administrator")
            return """
                master_secret_file: \(layout.secretFile("auth-master"))
                first_administrator:
                  name: \(Welcome.administrator)
                  secret_file: \(layout.secretFile("administrator"))

                """
        case .detector, .agentCoordinator, .metrics, .audit:
            return ""
        }
    }

    private var routes: String {
        """
        routes:
          - name: shop
            path: /
            upstream: 127.0.0.1:\(ports.sampleApp)

        """
    }
}
