package import Core
internal import JSON

/// The table as RabbitMQ's definitions: loaded before the broker opens its listener, or imported into a running one.
extension Topology {
    package static func definitions(
        virtualHost: String, credentials: [ServiceName: BusCredential], administrators: [BusCredential] = []
    ) -> [UInt8] {
        let services = ServiceName.allCases.filter { credentials[$0] != nil }
        var json = JSONWriter(capacity: 16 << 10)
        json.object { json in
            json.list("users") { users(&$0, services.compactMap { credentials[$0] }, administrators) }
            json.list("vhosts") { $0.object { $0.member("name", virtualHost) } }
            json.list("permissions") { permissions(&$0, virtualHost, services, administrators) }
            json.list("topic_permissions") { topicPermissions(&$0, virtualHost, services) }
            json.list("exchanges") { exchanges(&$0, virtualHost) }
            json.list("queues") { queues(&$0, virtualHost) }
            json.list("bindings") { bindings(&$0, virtualHost) }
            json.list("policies") { policies(&$0, virtualHost) }
        }
        return json.bytes
    }

    private static func users(_ json: inout JSONWriter, _ services: [BusCredential], _ administrators: [BusCredential])
    {
        for (credential, tags) in services.map({ ($0, "") }) + administrators.map({ ($0, "administrator") }) {
            json.object { json in
                json.member("name", credential.user)
                json.member("password_hash", credential.freshPasswordHash())
                json.member("hashing_algorithm", "rabbit_password_hashing_sha256")
                json.member("tags", tags)
            }
        }
    }

    private static func permissions(
        _ json: inout JSONWriter, _ virtualHost: String, _ services: [ServiceName], _ administrators: [BusCredential]
    ) {
        let all = administrators.map { ($0.user, ".*", ".*", ".*") }
        let own = services.map { service in
            let permissions = Permissions(of: service)
            return (service.operatorName, permissions.configure, permissions.write, permissions.read)
        }
        for (user, configure, write, read) in all + own {
            json.object { json in
                json.member("user", user)
                json.member("vhost", virtualHost)
                json.member("configure", configure)
                json.member("write", write)
                json.member("read", read)
            }
        }
    }

    private static func topicPermissions(_ json: inout JSONWriter, _ virtualHost: String, _ services: [ServiceName]) {
        for service in services {
            for rule in Permissions(of: service).topics {
                json.object { json in
                    json.member("user", service.operatorName)
                    json.member("vhost", virtualHost)
                    json.member("exchange", rule.exchange)
                    json.member("write", rule.write)
                    json.member("read", rule.read)
                }
            }
        }
    }

    private static func exchanges(_ json: inout JSONWriter, _ virtualHost: String) {
        for exchange in Exchange.all {
            json.object { json in
                json.member("name", exchange.name)
                json.member("vhost", virtualHost)
                json.member("type", exchange.type)
                json.flag("durable", true)
                json.flag("auto_delete", false)
                json.flag("internal", exchange.isInternal)
                json.key("arguments")
                json.object { _ in }
            }
        }
    }

    private static func queues(_ json: inout JSONWriter, _ virtualHost: String) {
        for queue in queues {
            json.object { json in
                json.member("name", queue.name)
                json.member("vhost", virtualHost)
                json.flag("durable", true)
                json.flag("auto_delete", false)
                json.key("arguments")
                json.object { json in
                    json.member("x-queue-type", queue.isQuorum ? "quorum" : "classic")
                    if queue.hasOneReader { json.flag("x-single-active-consumer", true) }
                }
            }
        }
    }

    private static func bindings(_ json: inout JSONWriter, _ virtualHost: String) {
        for binding in Binding.all {
            json.object { json in
                json.member("source", binding.source)
                json.member("vhost", virtualHost)
                json.member("destination", binding.destination)
                json.member("destination_type", binding.isToExchange ? "exchange" : "queue")
                json.member("routing_key", binding.key)
                json.key("arguments")
                json.object { _ in }
            }
        }
    }

    private static func policies(_ json: inout JSONWriter, _ virtualHost: String) {
        for policy in QueuePolicy.all {
            json.object { json in
                json.member("vhost", virtualHost)
                json.member("name", policy.name)
                json.member("pattern", policy.pattern)
                json.member("apply-to", "queues")
                json.key("priority")
                json.integer(0)
                json.key("definition")
                json.object { json in
                    for (name, value) in policy.texts { json.member(name, value) }
                    for (name, value) in policy.numbers {
                        json.key(name)
                        json.integer(value)
                    }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    fileprivate mutating func flag(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    fileprivate mutating func list(_ name: String, _ elements: (inout JSONWriter) -> Void) {
        key(name)
        array(elements)
    }
}
