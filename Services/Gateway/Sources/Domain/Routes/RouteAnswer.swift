/// What a route answers without asking an upstream.
package enum RouteAnswer: Sendable, Equatable {
    case redirect(status: Int, to: PathTemplate)
    case fixed(status: Int, contentType: String, body: [UInt8])
}
