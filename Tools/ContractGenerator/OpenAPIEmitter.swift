internal import JSON

/// Writes the OpenAPI 3.1 document of the public API: every RPC with an HTTP annotation, its parameters, its bodies, and
/// who may call it, as the gateway checks and answers them.
struct OpenAPIEmitter {
    let schema: Schema
    let sent: Set<String>
    let answered: Set<String>

    init(schema: Schema) {
        self.schema = schema
        let methods = schema.files.flatMap(\.services).flatMap(\.methods).filter { $0.http != nil }
        sent = schema.reachable(below: methods.map(\.request))
        answered = schema.reachable(from: methods.map(\.response))
    }

    func emit() -> String {
        let document: JSONValue = [
            "openapi": "3.1.0", "info": info, "servers": [["url": "/", "description": "The gateway"]],
            "security": [["token": []], ["session": []]], "tags": .array(tags), "paths": paths,
            "components": [
                "schemas": schemas, "responses": Self.responses, "headers": Self.headers,
                "securitySchemes": Self.securitySchemes,
            ],
        ]
        return document.indented() + "\n"
    }

    private var info: JSONValue {
        [
            "title": "Infinite", "version": "1",
            "summary": "What Infinite's services answer through the gateway",
            "description": """
            JSON in, JSON out. A request is checked strictly: a field that is not listed, a value of another type or \
            outside its bounds is refused, all problems at once. An answer carries every listed field; later versions \
            may add fields, so ignore what you do not know. 64-bit numbers are strings. What goes wrong is told as \
            application/problem+json (RFC 9457) with the request's identifier.
            """,
        ]
    }

    private var services: [Schema.Service] {
        schema.files.flatMap(\.services).filter { $0.methods.contains { $0.http != nil } }
    }

    private var tags: [JSONValue] {
        services.map { service in
            var tag = described(service.comment)
            tag["name"] = .string(Self.tag(of: service))
            return .object(tag)
        }
    }

    private static func tag(of service: Schema.Service) -> String {
        service.name.hasSuffix("Service") ? String(service.name.dropLast(7)) : service.name
    }

    // MARK: Paths

    private var paths: JSONValue {
        var paths = JSONObject()
        for service in services {
            for method in service.methods {
                guard let http = method.http else { continue }
                var operations = paths[http.path]?.objectValue ?? JSONObject()
                operations["\(http.verb)"] = operation(method, http, of: service)
                paths[http.path] = .object(operations)
            }
        }
        return .object(paths)
    }

    private func operation(_ method: Schema.Method, _ http: Schema.Binding, of service: Schema.Service) -> JSONValue {
        var operation = JSONObject()
        operation["operationId"] = .string(SwiftNames.method(method.name))
        operation["tags"] = [.string(Self.tag(of: service))]
        operation["summary"] = .string(Self.words(method.name))
        if !method.comment.isEmpty { operation["description"] = .string(Self.text(method.comment)) }
        let fields = schema.message(named: method.request)?.fields ?? []
        let inPath = http.parameters
        let parameters = fields.filter { inPath.contains($0.name) || !http.hasBody }
        var listed = parameters.map { parameter($0, isInPath: inPath.contains($0.name)) }
        if http.verb == .get { listed.append(Self.ifNoneMatch) }
        if http.takesIdempotencyKey { listed.append(Self.idempotencyKey) }
        if !listed.isEmpty { operation["parameters"] = .array(listed) }
        if http.hasBody {
            operation["requestBody"] = [
                "required": true,
                "content": ["application/json": ["schema": object(of: fields.filter { !inPath.contains($0.name) })]],
            ]
        }
        operation["responses"] = responses(method, http)
        if http.access == .everyone { operation["security"] = [] }
        operation["x-infinite-access"] = .string("\(http.access)")
        return .object(operation)
    }

    /// What is read has a tag, as the gateway's `EntityTag` makes it, by which it can be asked for again.
    private func responses(_ method: Schema.Method, _ http: Schema.Binding) -> JSONValue {
        var done = JSONObject()
        done["description"] = "Done."
        if http.verb == .get { done["headers"] = Self.tagged }
        done["content"] = ["application/json": ["schema": reference(to: method.response, in: .answer)]]
        var responses = JSONObject()
        responses["200"] = .object(done)
        if http.verb == .get { responses["304"] = ["$ref": "#/components/responses/NotModified"] }
        responses["default"] = ["$ref": "#/components/responses/Problem"]
        return .object(responses)
    }

    /// `ListDecisions` becomes "List decisions".
    private static func words(_ name: String) -> String {
        name.reduce(into: "") { text, letter in
            text += letter.isUppercase && !text.isEmpty ? " \(letter.lowercased())" : String(letter)
        }
    }

    private func parameter(_ field: Schema.Field, isInPath: Bool) -> JSONValue {
        var parameter = JSONObject()
        parameter["name"] = .string(field.name)
        parameter["in"] = isInPath ? "path" : "query"
        if isInPath || field.rule.isRequired { parameter["required"] = true }
        if !field.comment.isEmpty { parameter["description"] = .string(Self.text(field.comment)) }
        parameter["schema"] = value(of: field, in: .query)
        return .object(parameter)
    }
}

extension Schema.Binding {
    /// What changes something, by somebody.
    fileprivate var takesIdempotencyKey: Bool { verb != .get && access != .everyone }

    /// The names in braces.
    fileprivate var parameters: Set<String> {
        Set(path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) })
    }
}

extension Schema {
    /// `roots` and the messages inside them.
    fileprivate func reachable(from roots: [String]) -> Set<String> {
        var found: Set<String> = []
        var pending = roots
        while let name = pending.popLast() {
            guard found.insert(name).inserted else { continue }
            pending += inside(name)
        }
        return found
    }

    /// The messages inside `roots`, which themselves are written out where they stand.
    fileprivate func reachable(below roots: [String]) -> Set<String> { reachable(from: roots.flatMap(inside)) }

    private func inside(_ name: String) -> [String] {
        (message(named: name)?.fields ?? []).compactMap { if case .message(let inner) = $0.type { inner } else { nil } }
    }
}
