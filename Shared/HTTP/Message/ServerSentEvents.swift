/// A response that goes on: one event after the other (HTML Living Standard §9.2).
package struct ServerSentEvents: Sendable {
    private let response: HTTPResponseWriter

    /// Sends the head at once, so that the client knows it is connected.
    package static func start(
        _ response: HTTPResponseWriter, headers: HTTPHeaders = HTTPHeaders()
    ) async throws(HTTPFailure) -> ServerSentEvents {
        var headers = headers
        headers.set("Content-Type", "text/event-stream")
        headers.set("Cache-Control", "no-store")
        headers.set("X-Accel-Buffering", "no")
        try response.start(.ok, headers: headers)
        try await response.flush()
        return ServerSentEvents(response: response)
    }

    package func send(event: String, id: String? = nil, data: [UInt8]) async throws(HTTPFailure) {
        try await response.write(Self.encode(event: event, id: id, data: data))
    }

    /// What the browser ignores and proxies see as life.
    package func keepAlive() async throws(HTTPFailure) { try await response.write(Array(":\n\n".utf8)) }

    /// One event's bytes: the same for every viewer, so encode once and `forward` to all.
    package static func encode(event: String, id: String? = nil, data: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(data.count + 64)
        text.append(contentsOf: "event: ".utf8)
        text.append(contentsOf: event.utf8.filter(isPlain))
        if let id {
            text.append(contentsOf: "\nid: ".utf8)
            text.append(contentsOf: id.utf8.filter(isPlain))
        }
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: { $0 == 10 || $0 == 13 }) {
            text.append(contentsOf: "\ndata: ".utf8)
            text.append(contentsOf: line)
        }
        text.append(contentsOf: "\n\n".utf8)
        return text
    }

    package func forward(_ encoded: [UInt8]) async throws(HTTPFailure) { try await response.write(encoded) }

    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 }
}
