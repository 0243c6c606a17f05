import Core
import HTTP

extension CacheRequest {
    private static let harmless = HTTPFieldNames(CacheFields.harmless + CacheFields.alwaysKeyed)
    private static let cookies = HTTPFieldNames(CacheFields.cookies)
    private static let conditions = HTTPFieldNames(CacheFields.conditions)

    /// What the upstream would see, or why the cache has nothing to do with it.
    /// - Parameter fields: as they go to the upstream, after the route's edits.
    static func read(
        _ request: HTTPServerRequest, _ fields: HTTPHeaders, isBodyless: Bool, _ route: Route, _ policy: CachePolicy
    ) -> Result<CacheRequest, CacheBypass> {
        guard request.head.method == .get || request.head.method == .head else { return .failure(.method) }
        guard isBodyless else { return .failure(.body) }
        guard request.certificate == nil else { return .failure(.certificate) }
        for index in 0..<fields.count where !fields.isName(in: harmless, at: index) {
            if fields.isName(in: cookies, at: index) {
                if policy.cookies == .bypass { return .failure(.cookie) }
            } else if fields.isName(in: conditions, at: index) {
                return .failure(.condition)
            } else if !isKnown(fields.name(at: index), route, policy) {
                return .failure(.unkeyed)
            }
        }
        var asked = CacheRequest()
        asked.isHead = request.head.method == .head
        asked.hasAuthorization = fields.contains("authorization")
        asked.directives = CacheDirectives(fields.values(of: "cache-control"), pragma: fields.values(of: "pragma"))
        asked.noneMatch = fields.joined("if-none-match")
        asked.modifiedSince = fields["if-modified-since"]
        return .success(asked)
    }

    /// Part of the key, or the same in every request because the route sets it.
    private static func isKnown(_ name: String, _ route: Route, _ policy: CachePolicy) -> Bool {
        let name = name.lowercased()
        return policy.keyFields.contains(name) || route.requestFields.set.contains { $0.name.lowercased() == name }
    }
}

extension CacheBypass: Error {}

extension CacheAnswer {
    init(_ status: HTTPStatus, _ fields: HTTPHeaders, hasKnownEnd: Bool) {
        self.init()
        self.status = status.code
        directives = CacheDirectives(fields.values(of: "cache-control"))
        date = fields["date"].flatMap { HTTPDate.secondsSince1970($0) }
        let expiries = fields.values(of: "expires")
        if let first = expiries.first {
            expires =
                expiries.count == 1 ? HTTPDate.secondsSince1970(first).map { .at($0) } ?? .unreadable : .unreadable
        }
        age = CacheDirectives.seconds(fields["age"])
        hasValidator = fields.contains("etag") || fields.contains("last-modified")
        setsCookies = fields.contains("set-cookie") || fields.contains("set-cookie2")
        hasRange = fields.contains("content-range")
        vary = fields.values(of: "vary").flatMap { $0.split(separator: ",") }.map { name in
            name.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        isEventStream = fields["content-type"]?.lowercased().hasPrefix("text/event-stream") ?? false
        self.hasKnownEnd = hasKnownEnd
    }
}

extension HTTPHeaders {
    /// All values under `name` as one list; nil without any.
    func joined(_ name: String) -> String? {
        let values = values(of: name)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    var isEncoded: Bool { contains("content-encoding") && !hasToken("identity", in: "content-encoding") }
}
