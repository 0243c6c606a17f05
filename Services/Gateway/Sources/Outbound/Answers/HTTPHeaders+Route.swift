import HTTP

extension HTTPHeaders {
    /// Whether the request's fields are as a route wants them.
    func meets(_ condition: FieldCondition) -> Bool {
        switch condition.test {
        case .present: contains(condition.name)
        case .absent: !contains(condition.name)
        case .exactly(let text): values(of: condition.name).contains(text)
        }
    }

    mutating func apply(_ edits: FieldEdits) {
        for name in edits.removed { remove(name) }
        for field in edits.set { set(field.name, field.value) }
        for field in edits.added { add(field.name, field.value) }
    }

    /// What a route says about an answer: protection first, then its own edits, which have the last word.
    mutating func apply(_ route: Route, isSecure: Bool, timing: String? = nil) {
        for field in route.protection where isSecure || !field.onlySecure {
            if field.replaces || !contains(field.name) { set(field.name, field.value) }
        }
        if let timing { add("Server-Timing", timing) }
        apply(route.responseFields)
    }
}
