package import JSON

extension HTTPBinding {
    /// The RPC's request from the three places an HTTP request carries it in. A name may be given once only, in the place
    /// the contract says.
    package func requestBytes(
        pathParameters: [String: String], query: [(name: String, value: String)], body: JSONValue?
    ) throws(JSONMismatch) -> [UInt8] {
        var mismatch = JSONMismatch()
        var object = JSONObject()
        if let body {
            if let given = body.objectValue, hasBody {
                object = given
            } else {
                mismatch.add(
                    "",
                    hasBody
                        ? "must be an object, not \(body.typeName)" : "must be empty: \(verb.rawValue) takes no body")
            }
        }
        for (name, value) in pathParameters {
            if object[name] != nil { mismatch.add(name, "is given by the path already") }
            object[name] = scalar(value, of: name)
        }
        for (name, value) in query {
            guard !hasBody else {
                mismatch.add(String(name.prefix(64)), "belongs into the body, not into the query")
                continue
            }
            if object[name] != nil { mismatch.add(String(name.prefix(64)), "is given twice") }
            object[name] = scalar(value, of: name)
        }
        guard mismatch.problems.isEmpty else { throw mismatch }
        return try request.descriptor.wireBytes(from: .object(object))
    }

    /// Text of a path or query as the JSON of its field: numbers are accepted as strings, booleans are not.
    private func scalar(_ text: String, of name: String) -> JSONValue {
        if case .bool? = request.descriptor.field(named: name)?.kind {
            if text == "true" { return .bool(true) }
            if text == "false" { return .bool(false) }
        }
        return .string(text)
    }
}
