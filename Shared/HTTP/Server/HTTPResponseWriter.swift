package import Reactor

/// How a handler answers one request. Valid until the handler returns; used later it throws `misused`.
///
/// Either `respond` once, or `start`, any number of `write`, and `finish`. A `start` is held back until there is something
/// to send with it, unless `flush` is called.
package struct HTTPResponseWriter: Sendable {
    private let connection: HTTPServerConnection
    private let exchange: UInt64

    init(_ connection: HTTPServerConnection, exchange: UInt64) {
        self.connection = connection
        self.exchange = exchange
    }

    /// The status sent or about to be sent; nil before there is one.
    package var status: HTTPStatus? { connection.responseStatus(of: exchange) }
    package var hasStarted: Bool { status != nil }
    /// Bytes of content handed over so far.
    package var bytesWritten: Int { connection.responseBytes(of: exchange) }

    package func respond(
        _ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []
    ) async throws(HTTPFailure) {
        if let rest = try connection.respond(exchange, status, headers, body) { try await connection.finish(rest) }
    }

    package func respond(
        _ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), text: String
    ) async throws(HTTPFailure) {
        var headers = headers
        if !headers.contains("content-type") { headers.add("Content-Type", "text/plain; charset=utf-8") }
        try await respond(status, headers: headers, body: Array(text.utf8))
    }

    package func respond(_ response: HTTPStaticResponse) async throws(HTTPFailure) {
        if let rest = try connection.respond(exchange, response) { try await connection.finish(rest) }
    }

    package func respond(_ problem: Problem, headers: HTTPHeaders = HTTPHeaders()) async throws(HTTPFailure) {
        var headers = headers
        headers.set("Content-Type", Problem.contentType)
        if let seconds = problem.retryAfterSeconds { headers.set("Retry-After", "\(seconds)") }
        try await respond(problem.status, headers: headers, body: problem.json)
    }

    /// Announces a body to be written: of `length` bytes when that is known, else in chunks.
    package func start(
        _ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), length: Int? = nil
    ) throws(HTTPFailure) {
        try connection.start(exchange, status, headers, length)
    }

    package func write(_ piece: consuming [UInt8]) async throws(HTTPFailure) {
        try await connection.write(exchange, piece)
    }

    /// Sends what is held back.
    package func flush() async throws(HTTPFailure) { try await connection.flush(exchange) }

    package func finish() async throws(HTTPFailure) { try await connection.finish(exchange) }

    /// Answers 101 and hands the connection over, with what the client already sent. The handler owns it until it
    /// returns; then it is closed.
    package func upgrade(to name: String, headers: HTTPHeaders = HTTPHeaders()) async throws(HTTPFailure)
        -> any ByteStream
    {
        try await connection.upgrade(exchange, name, headers)
    }
}
