import HTTP

/// What a client is about to be told by an upstream, or by what was stored of it.
struct UpstreamAnswer: Sendable {
    var status: HTTPStatus
    var headers: HTTPHeaders
    var body: HTTPBody

    init(status: HTTPStatus, headers: HTTPHeaders, body: HTTPBody) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }

    init(_ response: HTTPClientResponse) {
        (status, headers, body) = (response.status, response.head.headers, response.body)
    }
}

extension HTTPBody {
    /// The next piece of an upstream's content. That the upstream broke off has to be told apart from a client that went
    /// away.
    func nextOfUpstream() async throws(UpstreamFailure) -> [UInt8]? {
        do throws(HTTPFailure) {
            return try await next()
        } catch {
            throw .brokeOff(error)
        }
    }
}
