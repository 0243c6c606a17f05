package import Core

/// An RPC that `service` answers over the bus.
package struct RPCMethod<Request: WireMessage, Response: WireMessage>: Sendable {
    package let service: ServiceName
    /// "infinite.auth.v1.AuthService/IssueToken".
    package let name: String

    package init(service: ServiceName, name: String) {
        self.service = service
        self.name = name
    }
}

/// How the gateway offers an RPC to the outside.
package struct HTTPBinding: Sendable {
    package enum Verb: String, Sendable { case get = "GET", post = "POST", put = "PUT", delete = "DELETE" }

    /// Who may call. `viewer`, `editor` and `admin` each include those before; `service` is for machines.
    package enum Access: Sendable { case everyone, authenticated, viewer, editor, admin, service }

    package let verb: Verb
    /// "/v1/incidents/{incident_id}": a name in braces is a field of the request.
    package let pathTemplate: String
    /// Whether the request's other fields come from a JSON body; otherwise they come from the query.
    package let hasBody: Bool
    package let access: Access
    package let service: ServiceName
    package let rpcName: String
    package let request: any WireMessage.Type
    package let response: any WireMessage.Type

    package var requestSchema: String { request.schema }
}

/// Everything the contracts define, by name. `Generated/ContractRegistry+Generated.swift` holds the tables.
package enum ContractRegistry {
    private static let messagesBySchema = Dictionary(uniqueKeysWithValues: messages.map { ($0.schema, $0) })

    package static func message(named schema: String) -> (any WireMessage.Type)? { messagesBySchema[schema] }
}
